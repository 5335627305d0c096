from collections.abc import Callable

import pytest

from madang.core.merkle.entry import HOUR
from madang.core.trust.accreditation import (
    Issuer,
    Log,
    RegisteredPurpose,
    Verifier,
    Witness,
    encode_document,
)
from madang.core.trust.registry import Registry, TrustError, over_asked, tenant_key
from tests.accreditations import FAR, MEMBERS, RegistryTwin

T0 = 1_780_000_000
DAY = 86_400
ISSUER = "https://hanbit.example/hanbit/issuer"
VERIFIER = "https://hanbit.example/hanbit/verifier"
LEASE = "https://t/lease/1"
INCOME = "https://t/income/1"
ANCHOR = b"\7" * 32
KEY = "hanbit.example/w+0123abcd+AQIDBA=="
RENT = RegisteredPurpose("rent", bytes(32), {LEASE: (("rent",),), INCOME: (("year",), ("a", None))})


def issuer(start: int = 0, end: int = FAR, types: tuple[str, ...] = (LEASE,)) -> Issuer:
    return Issuer(ISSUER, "hanbit", start, end, types=types, anchors=(ANCHOR,))


def verifier(*purposes: RegisteredPurpose, start: int = 0) -> Verifier:
    return Verifier(VERIFIER, "hanbit", start, FAR, anchors=(ANCHOR,), purposes=purposes)


def counts(registry: Registry, at: int | None, now: int, of_type: str = LEASE) -> str:
    """Return "" where the issuer's signature counts, or the code of the refusal."""
    try:
        assert registry.issuer(ISSUER, of_type, at=at, now=now)
    except TrustError as error:
        return error.code
    return ""


def test_an_issuer_counts_for_its_types_from_its_record_on() -> None:
    twin = RegistryTwin(T0)
    twin.add(issuer())
    registry = twin.registry()
    assert counts(registry, T0 + 1, T0 + DAY) == ""
    assert counts(registry, T0 + 1, T0 + DAY, INCOME) == "issuer_not_accredited"
    assert counts(registry, T0 - DAY, T0 + DAY) == "issuer_not_accredited"


def test_a_time_of_issue_that_was_rounded_down_is_not_before_the_record() -> None:
    twin = RegistryTwin(T0)
    twin.add(issuer())
    assert counts(twin.registry(), T0 - HOUR + 1, T0 + 1) == ""
    assert counts(twin.registry(), T0 - HOUR, T0 + 1) == "issuer_not_accredited"


def test_a_time_ahead_is_judged_as_now() -> None:
    twin = RegistryTwin(T0)
    twin.add(issuer(end=T0 + DAY))
    assert counts(twin.registry(), T0 + 2 * DAY, T0 + 1) == ""
    assert counts(twin.registry(), T0 + 2 * DAY, T0 + DAY + 1) == "issuer_not_accredited"


def test_the_document_holds_in_its_own_time_alone() -> None:
    twin = RegistryTwin(T0)
    twin.add(issuer(start=T0 + DAY, end=T0 + 2 * DAY))
    registry, late = twin.registry(), T0 + 9 * DAY
    assert counts(registry, T0 + DAY - HOUR, late) == "issuer_not_accredited"
    assert counts(registry, T0 + DAY, late) == ""
    assert counts(registry, T0 + 2 * DAY, late) == ""
    assert counts(registry, T0 + 2 * DAY + 1, late) == "issuer_not_accredited"


def test_a_suspended_issuer_counts_for_nothing_while_it_lasts() -> None:
    twin = RegistryTwin(T0)
    record = twin.add(issuer())
    twin.now = T0 + 2 * DAY
    twin.suspend(record)
    suspended = twin.registry()
    assert counts(suspended, T0 + DAY, T0 + 3 * DAY) == "issuer_suspended"
    assert counts(suspended, None, T0 + 3 * DAY) == "issuer_suspended"
    twin.now = T0 + 4 * DAY
    twin.resume(record)
    resumed, now = twin.registry(), T0 + 5 * DAY
    assert counts(resumed, T0 + DAY, now) == ""
    assert counts(resumed, T0 + 2 * DAY, now) == "issuer_not_accredited"
    assert counts(resumed, T0 + 4 * DAY - 1, now) == "issuer_not_accredited"
    assert counts(resumed, T0 + 4 * DAY, now) == ""


def test_a_removed_issuer_counts_for_what_came_before() -> None:
    twin = RegistryTwin(T0)
    record = twin.add(issuer())
    twin.now = T0 + 2 * DAY
    twin.remove(record)
    registry, now = twin.registry(), T0 + 3 * DAY
    assert counts(registry, T0 + DAY, now) == ""
    assert counts(registry, None, now) == ""
    assert counts(registry, T0 + 2 * DAY, now) == "issuer_not_accredited"


def test_one_that_was_removed_while_suspended_never_counts() -> None:
    twin = RegistryTwin(T0)
    record = twin.add(issuer())
    twin.now = T0 + 2 * DAY
    twin.suspend(record)
    twin.remove(record)
    for at in (T0 + DAY, None):
        assert counts(twin.registry(), at, T0 + 3 * DAY) == "issuer_not_accredited"


def test_a_newer_record_is_no_way_around_a_suspension_but_after_the_removal_it_counts() -> None:
    twin = RegistryTwin(T0)
    old = twin.add(issuer())
    twin.suspend(old)
    twin.add(issuer(start=1))
    assert counts(twin.registry(), T0, T0 + DAY) == "issuer_suspended"
    twin.remove(old)
    assert counts(twin.registry(), T0, T0 + DAY) == ""


def test_a_suspension_for_one_type_is_not_one_for_another() -> None:
    twin = RegistryTwin(T0)
    twin.suspend(twin.add(issuer()))
    twin.add(issuer(types=(INCOME,)))
    assert counts(twin.registry(), T0, T0 + DAY, INCOME) == ""


def test_a_record_whose_document_is_wrong_counts_for_nothing() -> None:
    twin = RegistryTwin(T0)
    twin.add(b"{}", number=1)
    registry = twin.registry()
    assert [record.document for record in registry.records] == [None]
    assert counts(registry, T0, T0) == "issuer_not_accredited"


def test_a_document_counts_as_the_kind_that_the_members_saw_alone() -> None:
    twin = RegistryTwin(T0)
    twin.add(encode_document(issuer()), number=2)
    assert counts(twin.registry(), T0, T0) == "issuer_not_accredited"


def asks(registry: Registry, purpose: str = "rent", **asked: list[tuple[str | None, ...]]) -> str:
    named = {{"lease": LEASE, "income": INCOME}.get(k, k): paths for k, paths in asked.items()}
    try:
        registry.verifier(VERIFIER, purpose, named, now=T0 + DAY)
    except TrustError as error:
        return error.code
    return ""


def test_a_verifier_may_ask_within_its_purpose_alone() -> None:
    twin = RegistryTwin(T0)
    twin.add(verifier(RENT))
    registry = twin.registry()
    assert asks(registry, lease=[("rent",)], income=[("a", None)]) == ""
    assert asks(registry, lease=[]) == ""
    assert asks(registry, "sell", lease=[]) == "purpose_not_registered"
    assert asks(registry, lease=[("rent",), ("landlord",)]) == "over_asking"
    assert asks(registry, income=[("a",)]) == "over_asking"
    assert asks(registry, other=[]) == "over_asking"


def test_what_is_over_asked_is_named() -> None:
    wanted = {LEASE: [("landlord", "name")], INCOME: [("a", None)], "x": []}
    assert over_asked(RENT, wanted) == ("x", f"{LEASE}: landlord.name")
    assert over_asked(RENT, {INCOME: [("b", None)]}) == (f"{INCOME}: b.*",)


def test_a_verifier_that_is_not_there_or_not_now() -> None:
    twin = RegistryTwin(T0)
    assert asks(twin.registry()) == "verifier_not_registered"
    record = twin.add(verifier(RENT))
    twin.suspend(record)
    assert asks(twin.registry()) == "verifier_suspended"
    twin.resume(record)
    assert asks(twin.registry(), lease=[]) == ""
    twin.remove(record)
    assert asks(twin.registry(), lease=[]) == "verifier_not_registered"


def test_a_record_that_widens_a_purpose_counts_beside_the_older_one() -> None:
    twin = RegistryTwin(T0)
    twin.add(verifier(RENT))
    wider = RegisteredPurpose("rent", b"\1" * 32, {LEASE: (("rent",), ("landlord",))})
    twin.add(verifier(wider, start=1))
    found, purpose = twin.registry().verifier(
        VERIFIER, "rent", {LEASE: [("landlord",)]}, now=T0 + DAY
    )
    assert (len(found), purpose) == (1, wider)


BODIES: dict[str, tuple[Witness | Log, Callable[[Registry], object]]] = {
    "witness": (
        Witness("https://h/w", "hanbit", 0, FAR, key=KEY),
        lambda registry: registry.witness("https://h/w", now=T0 + DAY),
    ),
    "log": (
        Log(
            "https://h/l", "hanbit", 0, FAR, origin="h/l", key=KEY, second_key=KEY, owner=MEMBERS[0]
        ),
        lambda registry: registry.log("https://h/l", now=T0 + DAY),
    ),
}


@pytest.mark.parametrize("kind", BODIES)
def test_witnesses_and_logs_are_judged_likewise(kind: str) -> None:
    document, judge = BODIES[kind]
    twin = RegistryTwin(T0)
    with pytest.raises(TrustError) as refused:
        judge(twin.registry())
    assert refused.value.code == f"{kind}_not_accredited"
    record = twin.add(document)
    assert judge(twin.registry()) == document
    twin.suspend(record)
    with pytest.raises(TrustError) as refused:
        judge(twin.registry())
    assert refused.value.code == f"{kind}_suspended"


def test_a_lease_tells_who_serves_a_tenant_and_since_when() -> None:
    twin = RegistryTwin(T0)
    assert twin.registry().lease("hanbit") is None
    twin.lease("hanbit", MEMBERS[0])
    twin.now += DAY
    twin.lease("hanbit", MEMBERS[1], 2)
    found = twin.registry().lease("hanbit")
    assert found is not None
    assert (found.holder, found.fence, found.since) == (MEMBERS[1], 2, T0 + DAY)


def test_a_tenant_is_named_as_the_contract_names_it() -> None:
    assert tenant_key("hanbit") == b"hanbit" + bytes(26)


def test_roots_that_are_not_here_are_left_out() -> None:
    twin = RegistryTwin(T0)
    twin.add(issuer())
    registry = twin.registry()
    assert registry.roots(registry.issuer(ISSUER, LEASE, at=T0, now=T0)) == ()
