import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.formats.mdoc.mso import KeyAuthorizations
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.response import Answer
from madang.core.protocol.oid4vp.transaction_data import encode, parse
from madang.core.protocol.oid4vp.transaction_type import TransactionType
from madang.core.protocol.oid4vp.verdict import PresentationVerdict, Step
from madang.core.protocol.oid4vp.verification import conclude, examine
from tests.unit.madang.core.protocol.oid4vp.answers import codes, kb_signed
from tests.unit.madang.core.protocol.oid4vp.city import City, asked_credential
from tests.unit.madang.core.protocol.oid4vp.mdocs import (
    NAME,
    OWN,
    Licence,
    asked_for,
    mdoc_query,
    query_of,
)

TYPE = TransactionType("transfer", {"amount": str}, element=(OWN, "transfers"))
RENT = encode("transfer", ["id"], {"amount": "480000"})
EITHER = encode("transfer", ["id", "lic"], {"amount": "1"})
STRONGER = encode("transfer", ["id"], {"amount": "2"}, hash_algorithms=["sha-512", "sha-384"])
ALLOWED = KeyAuthorizations((), {OWN: ("transfers",)})


def verdict_on(
    city: City, asked: Asked, signed: Mapping[str, Any], document: str | None = None
) -> PresentationVerdict:
    """Answer with these members in the key binding, and perhaps with a document beside."""
    text = kb_signed(city, city.presentation("id", ("name",)), **signed)
    token = {"id": (text,)} | ({} if document is None else {"lic": (document,)})
    policy = city.policy_with(transaction_types={"transfer": TYPE})
    examined = examine(Answer(token, "s-1"), asked, policy)
    return conclude(examined, city.statuses("id", "lic"))


def asked_to(city: City, *transactions: str, document: bool = False) -> Asked:
    queries = [asked_credential("id", "name"), *([mdoc_query(*NAME)] if document else [])]
    return asked_for(city, query_of(*queries), transaction_data=transactions)


def hashes(*transactions: str, name: str = "sha-256") -> list[str]:
    return [parse(each).digest(name) for each in transactions]


def test_v36_what_was_asked_has_been_authorized(city: City) -> None:
    asked = asked_to(city, RENT, EITHER)
    signed = {"transaction_data_hashes": hashes(EITHER, RENT)}
    assert verdict_on(city, asked, signed).ok
    named = {**signed, "transaction_data_hashes_alg": "sha-256"}
    assert verdict_on(city, asked, named).ok


def test_v36_another_hash_that_was_asked_for_is_named(city: City) -> None:
    asked = asked_to(city, STRONGER)
    for name in ("sha-512", "sha-384"):
        digests = hashes(STRONGER, name=name)
        signed = {"transaction_data_hashes": digests, "transaction_data_hashes_alg": name}
        assert verdict_on(city, asked, signed).ok


WRONG = {
    "missing": ({}, ["transaction_data_missing", "transaction_data_missing"]),
    "one-missing": (
        {"transaction_data_hashes": hashes(RENT)},
        ["transaction_data_missing"],
    ),
    "wrong": (
        {"transaction_data_hashes": [*hashes(RENT, EITHER), base64url.encode(bytes(32))]},
        ["transaction_data_hash"],
    ),
    "over-the-decoded-bytes": (
        {
            "transaction_data_hashes": [
                base64url.encode(hashlib.sha256(base64url.decode(each)).digest())
                for each in (RENT, EITHER)
            ]
        },
        ["transaction_data_missing", "transaction_data_missing", "transaction_data_hash"],
    ),
    "not-text": (
        {"transaction_data_hashes": [*hashes(RENT, EITHER), 5]},
        ["transaction_data_hash"],
    ),
    "not-an-array": (
        {"transaction_data_hashes": hashes(RENT)[0]},
        ["transaction_data_missing", "transaction_data_missing"],
    ),
    "another-algorithm": (
        {
            "transaction_data_hashes": hashes(RENT, EITHER),
            "transaction_data_hashes_alg": "sha-512",
        },
        ["transaction_data_missing", "transaction_data_missing", "transaction_data_hash"],
    ),
}


@pytest.mark.parametrize(("signed", "expected"), WRONG.values(), ids=WRONG)
def test_v36_what_was_not_authorized(
    city: City, signed: dict[str, Any], expected: list[str]
) -> None:
    verdict = verdict_on(city, asked_to(city, RENT, EITHER), signed)
    assert sorted(codes(verdict)) == sorted(expected)
    assert {failure.step for failure in verdict.failures} == {Step.TRANSACTION}
    assert verdict.credentials == ()


def test_v36_an_algorithm_that_was_asked_for_has_to_be_named(city: City) -> None:
    digests = hashes(STRONGER, name="sha-512")
    verdict = verdict_on(city, asked_to(city, STRONGER), {"transaction_data_hashes": digests})
    assert "transaction_data_missing" in codes(verdict)


def test_where_nothing_was_asked_nothing_is_looked_at(city: City) -> None:
    assert verdict_on(city, asked_to(city), {"transaction_data_hashes": ["x"]}).ok


def shown(city: City, asked: Asked, *transactions: str, name: str = "sha-256") -> str:
    """Return a document whose device returns hashes of transactions."""
    digests = [base64url.decode(each) for each in hashes(*transactions, name=name)]
    licence = Licence(city=city, authorizations=ALLOWED)
    return licence.shown(*NAME, asked=asked, own={OWN: {"transfers": digests}})


def test_a_device_authorizes_by_the_element_of_the_type(city: City) -> None:
    asked = asked_to(city, EITHER, document=True)
    assert codes(verdict_on(city, asked, {}, shown(city, asked, EITHER))) == []
    wrong = verdict_on(city, asked, {}, shown(city, asked, RENT))
    assert codes(wrong) == ["transaction_data_hash", "transaction_data_missing"]


def test_a_device_that_the_issuer_did_not_allow_it_authorizes_nothing(city: City) -> None:
    asked = asked_to(city, EITHER, document=True)
    digests = [base64url.decode(each) for each in hashes(EITHER)]
    text = Licence(city=city).shown(*NAME, asked=asked, own={OWN: {"transfers": digests}})
    assert codes(verdict_on(city, asked, {}, text)) == ["device_element"]


@pytest.mark.parametrize("element", [(OWN, "gifts"), None], ids=["another", "none"])
def test_the_element_of_one_type_authorizes_no_other(
    city: City, element: tuple[str, str] | None
) -> None:
    """The issuer allowed the device transfers, and no gifts."""
    gift = encode("gift", ["lic"], {})
    asked = asked_to(city, gift, document=True)
    types = {"transfer": TYPE, "gift": TransactionType("gift", {}, element=element)}
    answer = {
        "id": (city.presentation("id", ("name",)),),
        "lic": (shown(city, asked, gift),),
    }
    policy = city.policy_with(transaction_types=types)
    examined = examine(Answer(answer, "s-1"), asked, policy)
    verdict = conclude(examined, city.statuses("id", "lic"))
    assert codes(verdict) == ["transaction_data_hash", "transaction_data_missing"]


def test_one_credential_and_no_more_authorizes(city: City) -> None:
    asked = asked_to(city, EITHER, document=True)
    signed = {"transaction_data_hashes": hashes(EITHER)}
    verdict = verdict_on(city, asked, signed, shown(city, asked, EITHER))
    assert codes(verdict) == ["transaction_data_twice"]
