from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.status.bitstring import LENGTH, MALFORMED_VALUE, RANGE, Bitstring
from madang.core.status.bitstring_credential import (
    VERIFICATION,
    BitstringCredential,
    parse_credential,
    parse_signed,
    sign,
    status_of,
    verify_signed,
)
from madang.core.status.bitstring_entry import BitstringEntry
from madang.core.status.errors import BitstringError

LIST, ISSUER, NOW = "https://example.com/status/3", "did:example:12345", 1_800_000_000
ENTRY = BitstringEntry("revocation", 94_567, LIST)
MESSAGES = {0: "valid", 1: "pending_review", 2: "accepted", 3: "rejected"}
SIGNER = generate_p256("issuer")


def bits(size: int = 1, **at: int) -> str:
    made = Bitstring.of_entries(size=size)
    for name, value in at.items():
        made.set(int(name[1:]), value)
    return made.encode()


LISTED = BitstringCredential(LIST, ISSUER, ("revocation", "suspension"), bits(_94567=1))
SAID = replace(
    LISTED,
    purposes=("message",),
    encoded=bits(2, _94567=2),
    size=2,
    messages=MESSAGES,
    ttl=60_000,
    valid_from=NOW,
    valid_until=NOW + 100,
)


@pytest.mark.parametrize("listed", [LISTED, SAID, replace(LISTED, id=None)])
def test_what_is_written_is_read(listed: BitstringCredential) -> None:
    assert parse_credential(listed.to_json()) == listed
    assert parse_credential(strict_json.loads(strict_json.dumps(listed.to_json()))) == listed


def test_the_members_are_the_specification_s() -> None:
    said = SAID.to_json()
    assert said["@context"] == ["https://www.w3.org/ns/credentials/v2"]
    assert said["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert (said["validFrom"], said["validUntil"]) == (
        "2027-01-15T08:00:00Z",
        "2027-01-15T08:01:40Z",
    )
    subject = said["credentialSubject"]
    assert subject["type"] == "BitstringStatusList"
    assert subject["statusPurpose"] == "message"
    assert subject["statusMessages"][2] == {"status": "0x2", "message": "accepted"}
    assert LISTED.to_json()["credentialSubject"].keys() == {
        "id",
        "type",
        "statusPurpose",
        "encodedList",
    }


class TestStatus:
    def test_revoked_and_not(self) -> None:
        found = status_of(ENTRY, LISTED, now=NOW)
        assert (found.status, found.purpose, found.valid, found.message) == (
            1,
            "revocation",
            False,
            None,
        )
        assert status_of(replace(ENTRY, index=94_566), LISTED, now=NOW).valid

    def test_a_message(self) -> None:
        entry = BitstringEntry("message", 94_567, LIST, 2)
        found = status_of(entry, SAID, now=NOW)
        assert (found.status, found.valid, found.message) == (2, False, "accepted")

    def test_a_message_of_the_entry_s_own(self) -> None:
        entry = replace(ENTRY, messages={0: "unset", 1: "set"})
        assert status_of(entry, LISTED, now=NOW).message == "set"

    @pytest.mark.parametrize(
        ("entry", "listed", "code"),
        [
            (replace(ENTRY, purpose="message"), LISTED, VERIFICATION),
            (replace(ENTRY, credential=LIST + "0"), LISTED, VERIFICATION),
            (replace(ENTRY, size=2), replace(LISTED, size=1), VERIFICATION),
            (ENTRY, replace(LISTED, valid_from=NOW + 61), VERIFICATION),
            (ENTRY, replace(LISTED, valid_until=NOW), VERIFICATION),
            (replace(ENTRY, index=131_072), LISTED, RANGE),
            (replace(ENTRY, size=2), LISTED, LENGTH),
            (ENTRY, replace(LISTED, encoded="uAAAA"), MALFORMED_VALUE),
            (ENTRY, replace(LISTED, encoded=Bitstring(1, bytearray(16_383)).encode()), LENGTH),
        ],
    )
    def test_what_cannot_be_relied_upon_is_refused(
        self, entry: BitstringEntry, listed: BitstringCredential, code: str
    ) -> None:
        with pytest.raises(BitstringError) as refused:
            status_of(entry, listed, now=NOW)
        assert refused.value.code == code

    def test_the_last_second_and_a_clock_ahead(self) -> None:
        listed = replace(LISTED, valid_from=NOW + 60, valid_until=NOW + 1)
        assert status_of(ENTRY, listed, now=NOW).status == 1

    def test_an_ecosystem_may_have_shorter_lists(self) -> None:
        short = replace(LISTED, encoded=Bitstring(1, bytearray(1)).encode())
        assert status_of(replace(ENTRY, index=7), short, now=NOW, min_entries=8).valid


def without(name: str) -> dict[str, Any]:
    return {member: value for member, value in SAID.to_json().items() if member != name}


def subject(**changes: Any) -> dict[str, Any]:
    said = SAID.to_json()
    members = {**said["credentialSubject"], **changes}
    return {**said, "credentialSubject": {k: v for k, v in members.items() if v is not ...}}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        without("type"),
        without("issuer"),
        without("credentialSubject"),
        {**SAID.to_json(), "type": ["VerifiableCredential"]},
        {**SAID.to_json(), "type": []},
        {**SAID.to_json(), "id": 7},
        {**SAID.to_json(), "issuer": {}},
        {**SAID.to_json(), "validFrom": 7},
        {**SAID.to_json(), "validFrom": "2027-01-15"},
        {**SAID.to_json(), "validFrom": "2027-01-15T08:00:00"},
        {**SAID.to_json(), "validUntil": "soon"},
        {**SAID.to_json(), "validUntil": "2027-01-15T08:00:00Z" + "0" * 40},
        subject(type="Other"),
        subject(statusPurpose=...),
        subject(statusPurpose=[]),
        subject(statusPurpose=[1]),
        subject(encodedList=...),
        subject(ttl="1"),
        subject(ttl=True),
        subject(statusSize=...),
        subject(statusSize=0),
        subject(statusMessages=...),
        subject(statusMessages=[]),
    ],
)
def test_a_malformed_credential_is_refused(value: object) -> None:
    with pytest.raises(BitstringError) as refused:
        parse_credential(value)
    assert refused.value.code == MALFORMED_VALUE


def test_an_issuer_may_be_an_object_and_unknown_members_count_for_nothing() -> None:
    value = {**LISTED.to_json(), "issuer": {"id": ISSUER, "name": "x"}, "more": [1]}
    assert parse_credential(value) == LISTED


class TestSigned:
    def test_a_signed_list_is_relied_upon(self) -> None:
        compact = sign(SAID, SIGNER)
        parsed = parse_signed(compact)
        assert (parsed.header["typ"], parsed.header["cty"]) == ("vc+jwt", "vc")
        assert verify_signed(parsed, checker_for(SIGNER.public_key)) == SAID

    def test_it_carries_the_certificates_of_its_key(self) -> None:
        signer = SoftwareSigner(ec.generate_private_key(ec.SECP256R1()), "k", (b"leaf",))
        assert jws.decode_chain(parse_signed(sign(SAID, signer)).header) == (b"leaf",)

    @pytest.mark.parametrize(
        ("compact", "code"),
        [
            (sign(SAID, generate_p256("other")), VERIFICATION),
            (jws.sign(b"{}", {"typ": "JWT"}, SIGNER), VERIFICATION),
            (jws.sign(b"{}", {"typ": "vc+jwt"}, SIGNER), MALFORMED_VALUE),
            (jws.sign(b"x", {"typ": "vc+jwt"}, SIGNER), MALFORMED_VALUE),
            ("a.b", MALFORMED_VALUE),
        ],
    )
    def test_others_are_refused(self, compact: str, code: str) -> None:
        with pytest.raises(BitstringError) as refused:
            verify_signed(parse_signed(compact), checker_for(SIGNER.public_key))
        assert refused.value.code == code

    def test_a_long_one_is_not_read(self) -> None:
        compact = sign(SAID, SIGNER)
        with pytest.raises(BitstringError):
            parse_signed(compact, max_bytes=len(compact) - 1)


TEXT = st.text(max_size=30) | st.datetimes().map(lambda moment: moment.isoformat() + "+23:59")


@given(
    st.dictionaries(st.sampled_from([*SAID.to_json()]), st.none() | st.integers() | TEXT),
    st.dictionaries(st.sampled_from([*SAID.to_json()["credentialSubject"]]), st.none() | TEXT),
)
def test_any_value_gives_a_credential_or_the_one_error(
    changes: dict[str, Any], inner: dict[str, Any]
) -> None:
    with suppress(BitstringError):
        parse_credential({**subject(**inner), **changes})
