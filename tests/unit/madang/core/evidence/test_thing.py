"""The digest of a thing is that which its office entered."""

import json
from contextlib import suppress
from hashlib import sha256
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.thing import digest_of
from madang.core.formats.mdoc.issue import Copy, draft
from madang.core.formats.mdoc.issue import issue as issue_mdoc
from madang.core.formats.mdoc.mdl import DOC_TYPE, NAME_SPACE
from madang.core.formats.mdoc.mso import ValidityInfo
from madang.core.formats.sd_jwt.issue import SdFrame, issue
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.present import select
from madang.core.keys.software import generate_p256
from madang.core.merkle.entry import EntryKind
from madang.core.rules.document import digest
from tests.unit.madang.core.formats.mdoc.sample import signer as certified

CREDENTIAL = EntryKind.CREDENTIAL
ISSUED = issue(
    {"iss": "https://a.example", "name": "Kim", "age": 19},
    SdFrame.of([("name",), ("age",)]),
    signer=generate_p256("k"),
    header={"typ": "dc+sd-jwt"},
    salts=(base64url.encode(bytes([n]) * 16) for n in count()),
)
MDOC = issue_mdoc(
    draft(DOC_TYPE, {NAME_SPACE: {"family_name": "Kim"}}),
    Copy(generate_p256("h").public_key, ValidityInfo(0, 0, 86_400), (bytes(32),), (0,)),
    certified(7),
)


def test_a_credential_has_one_digest_whatever_is_disclosed() -> None:
    shown = select(parse(ISSUED.compact), [("age",)])
    assert len(shown) < len(ISSUED.compact)
    for form in (ISSUED.compact, shown, f"{shown}\n"):
        assert digest_of(CREDENTIAL, form.encode()) == ISSUED.issuer_digest


def test_an_mdoc_has_one_digest_in_either_form() -> None:
    for form in (MDOC.encoded, base64url.encode(MDOC.encoded).encode()):
        assert digest_of(CREDENTIAL, form) == MDOC.issuer_digest


def test_a_value_that_the_issuer_did_not_sign_is_told() -> None:
    """The digest is of what was signed alone: what is shown beside it could be anything."""
    issuer = ISSUED.compact.partition("~")[0]
    forged = base64url.encode(json.dumps([base64url.encode(bytes(16)), "age", 99]).encode())
    with pytest.raises(EvidenceError, match="the file is no credential") as told:
        digest_of(CREDENTIAL, f"{issuer}~{forged}~".encode())
    assert told.value.code == "thing"
    assert MDOC.encoded.count(b"Kim") == 1
    changed = MDOC.encoded.replace(b"Kim", b"Lee")
    for form in (changed, base64url.encode(changed).encode()):
        with pytest.raises(EvidenceError, match="family_name: its digest is not in the MSO"):
            digest_of(CREDENTIAL, form)


@pytest.mark.parametrize("kind", [EntryKind.DECISION, EntryKind.RULE])
def test_a_decision_and_a_rule_are_hashed_in_canonical_form(kind: EntryKind) -> None:
    document = {"outcome": "yes", "format": "madang-decision-1", "amount": 12}
    assert digest_of(kind, json.dumps(document, indent=4).encode()) == digest(document)


@pytest.mark.parametrize("kind", [EntryKind.LETTER_TEMPLATE, EntryKind.STATUS_LIST, EntryKind.KEY])
def test_anything_else_is_hashed_as_it_is(kind: EntryKind) -> None:
    assert digest_of(kind, b"{ }") == sha256(b"{ }").digest()


@pytest.mark.parametrize("data", [b"", b"a~b~", b"{}", b"\xff~", b"\xa1", b"AAAA"], ids=range(6))
def test_what_is_no_credential_is_told(data: bytes) -> None:
    with pytest.raises(EvidenceError, match="the file is no credential") as told:
        digest_of(CREDENTIAL, data)
    assert told.value.code == "thing"


@pytest.mark.parametrize("data", [b"", b"{", b'{"a":1,"a":2}', b'{"a":1e999}'], ids=range(4))
def test_what_has_no_canonical_form_is_told(data: bytes) -> None:
    with pytest.raises(EvidenceError, match="the file is no decision"):
        digest_of(EntryKind.DECISION, data)


@given(st.sampled_from(EntryKind), st.binary(max_size=200))
def test_any_bytes_have_a_digest_or_give_the_one_error(kind: EntryKind, data: bytes) -> None:
    with suppress(EvidenceError):
        assert len(digest_of(kind, data)) == 32
