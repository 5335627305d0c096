import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang.core.envelope import jws
from madang.core.keys import cose_key
from madang.core.keys.signing import Signer
from madang.core.keys.software import (
    generate_ed25519,
    generate_ml_dsa_44,
    generate_p256,
    generate_p384,
    generate_p521,
)
from madang.core.protocol.oid4vp.request import VP_FORMATS
from madang.core.protocol.oid4vp.response import Answer
from madang.core.protocol.oid4vp.verdict import (
    Standing,
    StatusReference,
    StatusSource,
    Step,
)
from madang.core.protocol.oid4vp.verification import conclude, examine
from tests.unit.madang.core.protocol.oid4vp.answers import (
    NAME,
    codes,
    verdict_on,
)
from tests.unit.madang.core.protocol.oid4vp.city import (
    ISSUER,
    LISTS,
    NOW,
    VCT,
    City,
    both,
    query_for,
)


def test_a_good_answer_releases_what_was_asked_for(city: City) -> None:
    credential = city.credential("id")
    text = city.presentation("id", ("name",), text=credential)
    verdict = verdict_on(city, {"id": (text,)})
    assert verdict.ok
    assert verdict.genuine
    assert verdict.holder == city.holder.public_key.thumbprint()
    (found,) = verdict.credentials
    assert found.claims == {"name": "Kim Mina"}
    assert (found.query_id, found.type_id, found.vct) == ("id", "id", VCT["id"])
    assert (found.issuer, found.issued_at, found.expires_at) == (ISSUER, NOW - 1000, NOW + 1000)
    assert found.status == StatusReference(StatusSource(LISTS, VCT["id"], ISSUER), 7)
    assert [standing.standing for standing in verdict.standings] == [Standing.VALID]


def test_the_digest_is_the_same_in_every_presentation(city: City) -> None:
    credential = city.credential("id")
    shown = [
        city.presentation("id", *paths, text=credential)
        for paths in ([("name",)], [("name",), ("birth",)])
    ]
    digests = {verdict_on(city, {"id": (text,)}).credentials[0].issuer_digest for text in shown}
    assert len(digests) == 1


def test_what_was_sent_beyond_the_question_is_not_released(city: City) -> None:
    text = city.presentation("id", ("name",), ("birth",), ("languages", None))
    assert verdict_on(city, {"id": (text,)}).credentials[0].claims == {"name": "Kim Mina"}


def test_without_claims_in_the_query_only_what_is_always_disclosed_is_released(city: City) -> None:
    text = city.presentation("id", ("name",))
    verdict = verdict_on(city, {"id": (text,)}, query_for("id"))
    assert verdict.credentials[0].claims == {"level": "high", "languages": []}


@pytest.mark.parametrize(
    ("shown", "asked", "released"),
    [
        ([1], 1, ["en"]),
        ([2], 2, ["ja"]),
        ([0, 2], 2, ["ja"]),
        ([0, 1, 2], 1, ["en"]),
        ([2], 0, ["ja"]),
        ([0], 2, None),
        ([0, 1], 2, None),
    ],
)
def test_an_index_counts_the_elements_that_the_issuer_signed(
    city: City, shown: list[int], asked: int, released: list[str] | None
) -> None:
    """Which of the withheld digests before an element are decoys, only its holder knows."""
    text = city.presentation("id", *(("languages", index) for index in shown))
    query = query_for("id", claims=[{"path": ["languages", asked]}])
    verdict = verdict_on(city, {"id": (text,)}, query)
    if released is None:
        assert codes(verdict) == ["claim_missing"]
    else:
        assert verdict.credentials[0].claims == {"languages": released}


def test_of_an_array_those_elements_are_released_whose_values_were_asked(city: City) -> None:
    text = city.presentation("id", ("languages", 1), ("languages", 2))
    query = query_for("id", claims=[{"path": ["languages", None], "values": ["ja"]}])
    verdict = verdict_on(city, {"id": (text,)}, query)
    assert verdict.credentials[0].claims == {"languages": ["ja"]}


def test_of_claim_sets_the_first_that_is_met_is_released(city: City) -> None:
    claims = [{"id": name[0], "path": [name]} for name in ("name", "birth", "absent")]
    query = query_for("id", claims=claims, claim_sets=[["n", "a"], ["b"], ["n"]])
    text = city.presentation("id", ("name",), ("birth",))
    verdict = verdict_on(city, {"id": (text,)}, query)
    assert verdict.credentials[0].claims == {"birth": "1996-03-01"}


def test_several_credentials_of_one_holder_are_accepted_together(city: City) -> None:
    answer = {
        "id": (city.presentation("id", ("name",)),),
        "lease": (city.presentation("lease", ("rent",)),),
    }
    verdict = verdict_on(city, answer, both())
    assert verdict.ok
    assert [found.claims for found in verdict.credentials] == [
        {"name": "Kim Mina"},
        {"rent": 480000},
    ]


KEYS = (generate_p256, generate_p384, generate_p521, generate_ed25519, generate_ml_dsa_44)


@pytest.mark.parametrize("make", KEYS)
def test_what_requests_list_is_what_holders_may_sign_with(
    city: City, make: Callable[[str], Signer]
) -> None:
    holder, listed = make("h"), VP_FORMATS["dc+sd-jwt"]
    credential = city.credential("id", holder=holder)
    text = city.presentation("id", ("name",), text=credential, holder=holder)
    offered = isinstance(listed, dict) and holder.algorithm in (listed["kb-jwt_alg_values"] or ())
    found = codes(verdict_on(city, {"id": (text,)}))
    assert found == ([] if offered else ["holder_alg_not_offered"])


def test_both_formats_list_the_same_algorithms() -> None:
    sd_jwt, mdoc = VP_FORMATS["dc+sd-jwt"], VP_FORMATS["mso_mdoc"]
    assert isinstance(sd_jwt, dict)
    assert isinstance(mdoc, dict)
    named = {tuple(sorted(each)) for each in sd_jwt.values() if isinstance(each, list)}
    numbers = [each for each in mdoc.values() if isinstance(each, list)]
    by_number = {tuple(sorted({cose_key.ALGORITHMS[n] for n in each})) for each in numbers}
    assert named == by_number == {("ES256", "ES384", "ES512", "EdDSA")}


@pytest.mark.parametrize("state", [None, "s-2", ""])
def test_the_state_of_another_session(city: City, state: str | None) -> None:
    answer = {"id": (city.presentation("id", ("name",)),)}
    verdict = verdict_on(city, answer, state=state)
    assert codes(verdict) == ["state"]
    assert verdict.failures[0].step is Step.SESSION


def test_a_request_without_state_ignores_one(city: City) -> None:
    answer = Answer({"id": (city.presentation("id", ("name",)),)}, "anything")
    examined = examine(answer, city.asked(NAME, state=None), city.policy)
    assert conclude(examined, city.statuses("id")).ok


def test_every_failure_is_told_in_order_with_its_clause_and_without_claims(city: City) -> None:
    wrong = city.presentation("id", ("name",), nonce="n-2", audience="x")
    verdict = verdict_on(city, {"id": (wrong,)}, statuses={}, state="s-2")
    assert codes(verdict) == [
        "state",
        "key_binding_nonce",
        "key_binding_aud",
        "status_list_unreachable",
    ]
    assert all(failure.clause for failure in verdict.failures)
    assert verdict.credentials == ()
    assert verdict.holder is None
    assert "Kim" not in repr(verdict)


@pytest.mark.parametrize("claim", ["iss", "vct", "cnf"])
def test_a_credential_without_issuer_type_or_holder(city: City, claim: str) -> None:
    credential = city.credential("id", **{claim: None})
    verdict = verdict_on(city, {"id": (city.presentation("id", ("name",), text=credential),)})
    assert not verdict.ok
    assert verdict.credentials == ()


# An alteration may make the serial number negative, of which the library warns.
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_an_altered_character_is_never_accepted(city: City, data: st.DataObject) -> None:
    text = city.presentation("id", ("name",))
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("Aa0_-.~é"))
    altered = text[:place] + character + text[place + 1 :]
    if altered != text:
        assert not verdict_on(city, {"id": (altered,)}).ok


# An alteration may make the serial number negative, of which the library warns.
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_an_altered_certificate_is_never_accepted(city: City, data: st.DataObject) -> None:
    leaf, intermediate = city.issuer.certificate_chain
    place = data.draw(st.integers(0, len(leaf) - 1))
    byte = data.draw(st.integers(0, 255))
    altered = leaf[:place] + bytes([byte]) + leaf[place + 1 :]
    x5c = jws.encode_chain((altered, intermediate))
    text = city.presentation("id", ("name",), text=city.credential("id", header={"x5c": x5c}))
    assert verdict_on(city, {"id": (text,)}).ok is (altered == leaf)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=30), max_size=3), state=st.none() | st.text(max_size=3))
def test_any_text_gets_a_verdict(city: City, texts: list[str], state: str | None) -> None:
    assert not verdict_on(city, {"id": tuple(texts)}, state=state).ok


def test_a_policy_for_development_may_fetch_lists_on_this_machine(city: City) -> None:
    status = {"status_list": {"uri": "http://127.0.0.1:8000/lists/1", "idx": 1}}
    text = city.presentation("id", ("name",), text=city.credential("id", status=status))
    policy = dataclasses.replace(city.policy, allow_loopback_http=True)
    examined = examine(Answer({"id": (text,)}, "s-1"), city.asked(NAME), policy)
    assert [source.uri for source in examined.status_sources] == ["http://127.0.0.1:8000/lists/1"]


def test_trusted_authorities_of_the_query_are_checked(city: City) -> None:
    query = query_for("id", "name", trusted_authorities=[{"type": "aki", "values": ["AAAA"]}])
    verdict = verdict_on(city, {"id": (city.presentation("id", ("name",)),)}, query)
    assert codes(verdict) == ["authority_not_accepted"]
