"""Issuing: every byte of it is what the structure says, and nothing in it links or guesses."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url, cbor
from madang.core.encoding.cbor_pieces import wrapped
from madang.core.envelope import cose
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.issue import (
    ORDER_BYTES,
    SALT_BYTES,
    Copy,
    Draft,
    draft,
    issue,
    issue_batch,
    salts_from,
    shuffled,
)
from madang.core.formats.mdoc.model import IssuerSigned, encode_issuer_signed, parse_issuer_signed
from madang.core.formats.mdoc.mso import KeyAuthorizations, StatusReference, ValidityInfo
from madang.core.keys.cose_key import to_cose
from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256
from tests.unit.madang.core.formats.mdoc.sample import COUNT, DAY, DOC_TYPE, ELEMENTS, NOW, OWN


def payload(issued: IssuerSigned) -> dict[str, Any]:
    members: dict[str, Any] = cbor.loads(cbor.loads(issued.issuer_auth.payload or b"").value)
    return members


def test_all_of_the_security_object(issued: IssuerSigned, copy: Copy) -> None:
    digests = {
        name: {item.digest_id: item.digest("SHA-256") for item in items}
        for name, items in issued.name_spaces.items()
    }
    assert payload(issued) == {
        "version": "1.0",
        "digestAlgorithm": "SHA-256",
        "docType": DOC_TYPE,
        "valueDigests": digests,
        "deviceKeyInfo": {
            "deviceKey": to_cose(copy.device_key),
            "keyAuthorizations": {
                "nameSpaces": [OWN],
                "dataElements": {"example.hanbit.one": ["seen"]},
            },
        },
        "validityInfo": {
            "signed": cbor.Tag(0, "2027-01-15T08:00:00Z"),
            "validFrom": cbor.Tag(0, "2027-01-15T08:00:00Z"),
            "validUntil": cbor.Tag(0, "2027-01-16T08:00:00Z"),
        },
        "status": {
            "status_list": {
                "idx": 17,
                "uri": "https://id.hanbit.example/hanbit/issuer/status/1",
            }
        },
    }
    mso = issued.mso
    assert mso.status == StatusReference("https://id.hanbit.example/hanbit/issuer/status/1", 17)
    assert mso.validity == copy.validity
    assert mso.key_authorizations.allow(OWN, "anything")
    assert mso.key_authorizations.allow("example.hanbit.one", "seen")
    assert not mso.key_authorizations.allow("example.hanbit.one", "other")
    assert not mso.key_authorizations.allow("example.hanbit.two", "seen")


def test_all_of_it_is_written_in_the_deterministic_form(
    blank: Draft, copy: Copy, issuer: SoftwareSigner
) -> None:
    encoded = issue(blank, copy, issuer).encoded
    assert cbor.dumps(cbor.loads(encoded)) == encoded
    issued = parse_issuer_signed(encoded)
    assert encode_issuer_signed(issued) == encoded
    assert wrapped(cbor.dumps(payload(issued))) == issued.issuer_auth.payload
    for items in issued.name_spaces.values():
        for item in items:
            assert cbor.dumps(cbor.loads(item.encoded)) == item.encoded


def test_the_items_hold_the_elements(issued: IssuerSigned, copy: Copy) -> None:
    found = {
        name: {item.element_identifier: item.element_value for item in items}
        for name, items in issued.name_spaces.items()
    }
    assert found == ELEMENTS
    identifiers = [identifier for each in ELEMENTS.values() for identifier in each]
    given_numbers = dict(zip(identifiers, copy.order, strict=True))
    given_salts = dict(zip(identifiers, copy.salts, strict=True))
    for items in issued.name_spaces.values():
        assert [item.digest_id for item in items] == sorted(item.digest_id for item in items)
        for item in items:
            assert item.digest_id == given_numbers[item.element_identifier]
            assert item.random == given_salts[item.element_identifier]


def test_the_digest_covers_the_tag_and_the_bytes(issued: IssuerSigned) -> None:
    item = issued.name_spaces[DOC_TYPE][0]
    tagged = cbor.dumps(cbor.Tag(24, item.encoded))
    assert item.digest("SHA-256") == hashlib.sha256(tagged).digest()
    assert item.digest("SHA-512") == hashlib.sha512(tagged).digest()


def test_the_signature_and_its_certificate(issued: IssuerSigned, issuer: SoftwareSigner) -> None:
    auth = issued.issuer_auth
    assert cose.verify1(auth, checker_for(issuer.public_key))
    assert auth.header == {1: -7}
    assert auth.unprotected == {33: issuer.certificate_chain[0]}
    assert cose.x5chain(auth) == issuer.certificate_chain


def test_a_chain_is_an_array(blank: Draft, copy: Copy, issuer: SoftwareSigner) -> None:
    key, chain = issuer._private_key, issuer.certificate_chain * 2
    two = SoftwareSigner(key, "two", chain)
    issued = parse_issuer_signed(issue(blank, copy, two).encoded)
    assert issued.issuer_auth.unprotected == {33: [*chain]}


def test_the_log_s_digest_covers_what_is_signed_alone(
    blank: Draft, copy: Copy, issuer: SoftwareSigner
) -> None:
    issued = issue(blank, copy, issuer)
    parsed = parse_issuer_signed(issued.encoded)
    assert parsed.issuer_digest == issued.issuer_digest
    auth = parsed.issuer_auth
    stripped = replace(parsed, issuer_auth=replace(auth, unprotected={}))
    assert stripped.issuer_digest == issued.issuer_digest
    for other in (
        replace(auth, signature=bytes(64)),
        replace(auth, payload=b""),
        replace(auth, protected=b"\xa0"),
    ):
        assert replace(parsed, issuer_auth=other).issuer_digest != issued.issuer_digest


@pytest.mark.parametrize("algorithm", ["SHA-256", "SHA-384", "SHA-512"])
def test_each_hash(algorithm: str, copy: Copy, issuer: SoftwareSigner) -> None:
    issued = parse_issuer_signed(
        issue(draft(DOC_TYPE, ELEMENTS, algorithm=algorithm), copy, issuer).encoded
    )
    assert issued.mso.digest_algorithm == algorithm
    items = issued.name_spaces[DOC_TYPE]
    digests = issued.mso.value_digests[DOC_TYPE]
    assert {item.digest_id: item.digest(algorithm) for item in items} == digests


@pytest.mark.parametrize("key", [generate_p256("p"), generate_ed25519("e")], ids=["P-256", "Ed"])
def test_each_kind_of_device_key(
    key: SoftwareSigner, blank: Draft, copy: Copy, issuer: SoftwareSigner
) -> None:
    made = issue(blank, replace(copy, device_key=key.public_key), issuer)
    assert parse_issuer_signed(made.encoded).mso.device_key == to_cose(key.public_key)


def test_without_status_and_with_an_update(copy: Copy, issuer: SoftwareSigner) -> None:
    times = ValidityInfo(NOW, NOW + 5, NOW + DAY, NOW + 10)
    plain = replace(copy, status=None, validity=times)
    issued = parse_issuer_signed(issue(draft(DOC_TYPE, ELEMENTS), plain, issuer).encoded)
    assert "status" not in issued.mso.members
    assert "keyAuthorizations" not in issued.mso.members["deviceKeyInfo"]
    assert issued.mso.status is None
    assert issued.mso.validity == times


REFUSED = {
    "short salt": ({"salts": (b"short", *(bytes([n]) * 16 for n in range(3)))}, "no_salt"),
    "too few salts": ({"salts": (b"1" * 16,) * 3}, "no_salt"),
    "salt twice": ({"salts": (b"1" * 16,) * 4}, "salt_twice"),
    "number twice": ({"order": (0, 0, 1, 2)}, "digest_order"),
    "number left out": ({"order": (0, 1, 2, 4)}, "digest_order"),
    "too few numbers": ({"order": (0, 1, 2)}, "digest_order"),
    "valid before signed": ({"validity": ValidityInfo(NOW, NOW - 1, NOW + DAY)}, "validity"),
    "ends as it begins": ({"validity": ValidityInfo(NOW, NOW, NOW)}, "validity"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_copy_is_not_issued(
    name: str, blank: Draft, copy: Copy, issuer: SoftwareSigner
) -> None:
    change, code = REFUSED[name]
    with pytest.raises(MdocError) as refused:
        issue(blank, replace(copy, **change), issuer)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_signer_without_a_certificate_does_not_issue(blank: Draft, copy: Copy) -> None:
    with pytest.raises(MdocError) as refused:
        issue(blank, copy, generate_p256("bare"))
    assert refused.value.code == "no_certificate"


def test_a_bad_draft_is_refused() -> None:
    with pytest.raises(MdocError, match="no hash"):
        draft(DOC_TYPE, ELEMENTS, algorithm="SHA-1")
    with pytest.raises(MdocError) as refused:
        draft(DOC_TYPE, {DOC_TYPE: {}})
    assert refused.value.code == "no_elements"
    with pytest.raises(MdocError) as refused:
        draft(DOC_TYPE, {DOC_TYPE: {"share": 0.5}})
    assert refused.value.code == "malformed_element"


def copies(count: int, copy: Copy) -> list[Copy]:
    keys = [generate_p256(str(number)) for number in range(count)]
    return [
        replace(
            copy,
            device_key=key.public_key,
            salts=tuple(bytes([number, n]) * 8 for n in range(COUNT)),
            order=shuffled(COUNT, bytes(range(number, number + ORDER_BYTES * COUNT))),
            status=None,
        )
        for number, key in enumerate(keys)
    ]


def test_a_batch_has_nothing_in_common_but_its_elements(
    blank: Draft, copy: Copy, issuer: SoftwareSigner
) -> None:
    wanted = copies(3, copy)
    made = [parse_issuer_signed(each.encoded) for each in issue_batch(blank, wanted, issuer)]
    assert [each.mso.device_key for each in made] == [to_cose(c.device_key) for c in wanted]
    items = [item for each in made for items in each.name_spaces.values() for item in items]
    assert len({item.random for item in items}) == len(items) == 3 * COUNT
    assert len({item.digest("SHA-256") for item in items}) == len(items)


def test_a_batch_does_not_share_salts(blank: Draft, copy: Copy, issuer: SoftwareSigner) -> None:
    first, second = copies(2, copy)
    with pytest.raises(MdocError) as refused:
        issue_batch(blank, [first, replace(second, salts=first.salts)], issuer)
    assert refused.value.code == "salt_twice"


def test_salts_are_cut_whole() -> None:
    chance = bytes(range(3 * SALT_BYTES + 5))
    salts = salts_from(chance)
    assert len(salts) == 3
    assert b"".join(salts) == chance[: 3 * SALT_BYTES]


@given(st.integers(0, 40), st.data())
def test_a_shuffle_has_every_number_once(count: int, data: st.DataObject) -> None:
    chance = data.draw(st.binary(min_size=ORDER_BYTES * count, max_size=ORDER_BYTES * count + 3))
    assert sorted(shuffled(count, chance)) == list(range(count))


def test_a_shuffle_follows_its_chance() -> None:
    falling = b"".join((9 - n).to_bytes(ORDER_BYTES, "big") for n in range(5))
    assert shuffled(5, falling) == (4, 3, 2, 1, 0)
    with pytest.raises(MdocError, match="chance"):
        shuffled(5, falling[:-1])


def test_key_authorizations_may_name_one_kind(copy: Copy, issuer: SoftwareSigner) -> None:
    allowed = KeyAuthorizations(data_elements={"a": ("b",)})
    blank = draft(DOC_TYPE, ELEMENTS, authorizations=allowed)
    issued = parse_issuer_signed(issue(blank, copy, issuer).encoded)
    assert issued.mso.key_authorizations == allowed
    assert base64url.encode(issued.issuer_digest)
