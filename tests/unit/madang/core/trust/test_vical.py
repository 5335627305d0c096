"""Lists of issuing authorities: any bytes give a list or the one error."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import cbor
from madang.core.envelope import cose
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.times import tdate
from madang.core.keys.software import generate_p256
from madang.core.trust import vical

PROVIDER = generate_p256("provider")
MDL = "org.iso.18013.5.1.mDL"


def listed(**members: object) -> dict[str, Any]:
    info = {"certificate": b"der", "ski": b"id", "docType": [MDL], "issuingCountry": "KR"}
    whole = {
        "version": "1.0",
        "vicalProvider": "federation",
        "date": tdate(1_800_000_000),
        "certificateInfos": [info, {**info, "certificate": b"other", "docType": ["another"]}],
    }
    return {**whole, **members}


def signed(value: object) -> bytes:
    return cose.encode(cose.sign1(cbor.dumps(value), {}, PROVIDER, unprotected={33: b"leaf"}))


def test_a_list() -> None:
    parsed = vical.parse(signed(listed(nextUpdate=tdate(1_800_086_400), vicalIssueID=7, later=1)))
    assert (parsed.provider, parsed.date, parsed.issue_id) == ("federation", 1_800_000_000, 7)
    assert parsed.next_update == 1_800_086_400
    assert parsed.roots(MDL) == (b"der",)
    assert parsed.roots("none") == ()
    assert parsed.certificates[0].members["issuingCountry"] == "KR"
    assert parsed.chain == (b"leaf",)
    assert vical.verify(parsed, PROVIDER.public_key)
    assert not vical.verify(parsed, generate_p256("other").public_key)


def test_an_altered_list_is_not_the_provider_s() -> None:
    data = signed(listed())
    altered = data.replace(b"federation", b"Federation")
    assert not vical.verify(vical.parse(altered), PROVIDER.public_key)


BENT: dict[str, object] = {
    "no map": [1],
    "no provider": listed(vicalProvider=None),
    "no date": listed(date=None),
    "a date of text": listed(date="2027-01-15T08:00:00Z"),
    "an update of text": listed(nextUpdate="soon"),
    "no certificates": listed(certificateInfos=None),
    "a certificate of bytes": listed(certificateInfos=[b"der"]),
    "no DER": listed(certificateInfos=[{"ski": b"", "docType": [MDL]}]),
    "for no type": listed(certificateInfos=[{"certificate": b"", "ski": b"", "docType": []}]),
    "for a number": listed(certificateInfos=[{"certificate": b"", "ski": b"", "docType": [1]}]),
    "no type": listed(certificateInfos=[{"certificate": b"", "ski": b""}]),
}


@pytest.mark.parametrize("name", BENT)
def test_bent_lists_are_refused(name: str) -> None:
    with pytest.raises(MdocError):
        vical.parse(signed(BENT[name]))


def test_a_chain_of_another_form() -> None:
    message = cose.sign1(cbor.dumps(listed()), {}, PROVIDER, unprotected={33: "text"})
    with pytest.raises(MdocError):
        _ = vical.parse(cose.encode(message)).chain


def test_lists_are_bounded() -> None:
    data = signed(listed())
    limits = vical.LIMITS
    with pytest.raises(MdocError) as refused:
        vical.parse(data, limits._replace(max_elements=1))
    assert refused.value.code == "too_many_certificates"
    for smaller in (limits._replace(max_bytes=len(data) - 1), limits._replace(max_depth=2)):
        with pytest.raises(MdocError):
            vical.parse(data, smaller)


@pytest.mark.parametrize("wrap", [bytes, lambda data: signed(cbor.Tag(24, data))])
@given(data=st.binary(max_size=120))
def test_any_bytes(wrap: Callable[[bytes], bytes], data: bytes) -> None:
    with pytest.raises(MdocError):
        vical.parse(wrap(data))
