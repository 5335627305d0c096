"""V1 to V38: the refusal table, row by row."""

import dataclasses

import pytest

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.keys.software import generate_p256
from madang.core.protocol.dcql.model import parse_query
from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vp.response import Answer
from madang.core.protocol.oid4vp.status_check import StatusLookup
from madang.core.protocol.oid4vp.verdict import (
    Standing,
    StatusSource,
    Step,
)
from madang.core.protocol.oid4vp.verification import conclude, examine
from madang.core.status.errors import StatusError
from madang.core.status.token_status_list import StatusList
from madang.core.trust.model import Attester
from tests.accreditations import trust_of
from tests.unit.madang.core.protocol.oid4vp.answers import (
    NAME,
    codes,
    issuer_changed,
    issuer_forged,
    kb_changed,
    kb_forged,
    kb_signed,
    rebound,
    verdict_on,
)
from tests.unit.madang.core.protocol.oid4vp.city import (
    ISSUER,
    LISTS,
    NOW,
    VCT,
    City,
    asked_credential,
    both,
    query_for,
    with_malformed_subject,
)


def test_v1_key_binding_signature_altered(city: City) -> None:
    text = kb_changed(city.presentation("id", ("name",)), iat=NOW - 1)
    assert codes(verdict_on(city, {"id": (text,)})) == ["key_binding_signature"]


def test_v1_key_binding_by_another_key(city: City) -> None:
    text = city.presentation("id", ("name",), holder=city.other_holder)
    assert codes(verdict_on(city, {"id": (text,)})) == ["key_binding_signature"]


def test_v2_issuer_signature_altered(city: City) -> None:
    text = issuer_changed(city.presentation("id", ("name",)), level="low")
    verdict = verdict_on(city, {"id": (text,)})
    assert codes(verdict) == ["issuer_signature", "key_binding_sd_hash"]
    assert verdict.standings[0].standing is Standing.UNTRUSTED


def test_v3_wrong_sd_hash(city: City) -> None:
    text = kb_signed(city, city.presentation("id", ("name",)), sd_hash=base64url.encode(b"x" * 32))
    assert codes(verdict_on(city, {"id": (text,)})) == ["key_binding_sd_hash"]


def test_v4_nonce_of_another_session(city: City) -> None:
    text = city.presentation("id", ("name",), nonce="n-2")
    assert codes(verdict_on(city, {"id": (text,)})) == ["key_binding_nonce"]


@pytest.mark.parametrize("audience", ["x509_hash:other", "https://mapo.example"])
def test_v5_audience_of_another_verifier(city: City, audience: str) -> None:
    text = city.presentation("id", ("name",), audience=audience)
    assert codes(verdict_on(city, {"id": (text,)})) == ["key_binding_aud"]


def test_v5_audience_without_prefix(city: City) -> None:
    text = city.presentation("id", ("name",), audience=city.client_id.value)
    assert codes(verdict_on(city, {"id": (text,)})) == ["key_binding_aud"]


@pytest.mark.parametrize("issued_at", [NOW - 31_536_000, NOW - 301, NOW + 61, NOW + 31_536_000])
def test_v6_v7_key_binding_too_old_or_ahead(city: City, issued_at: int) -> None:
    text = city.presentation("id", ("name",), issued_at=issued_at)
    assert codes(verdict_on(city, {"id": (text,)})) == ["key_binding_iat"]


@pytest.mark.parametrize("issued_at", [NOW - 300, NOW + 60])
def test_the_last_second_of_a_key_binding_still_counts(city: City, issued_at: int) -> None:
    text = city.presentation("id", ("name",), issued_at=issued_at)
    assert verdict_on(city, {"id": (text,)}).ok


def test_v10_no_key_binding(city: City) -> None:
    text = city.presentation("id", ("name",)).rpartition("~")[0] + "~"
    assert codes(verdict_on(city, {"id": (text,)})) == ["key_binding_missing"]


def test_v10_no_key_binding_where_none_is_required(city: City) -> None:
    query = query_for("id", "name", require_cryptographic_holder_binding=False)
    text = city.presentation("id", ("name",)).rpartition("~")[0] + "~"
    assert verdict_on(city, {"id": (text,)}, query).ok
    wrong = city.presentation("id", ("name",), nonce="n-2")
    assert codes(verdict_on(city, {"id": (wrong,)}, query)) == ["key_binding_nonce"]


def test_v11_key_binding_typ(city: City) -> None:
    text = kb_signed(city, city.presentation("id", ("name",)), typ="JWT")
    assert codes(verdict_on(city, {"id": (text,)})) == ["key_binding_typ"]


@pytest.mark.parametrize("alg", ["none", "HS256", "ES384", "EdDSA"])
def test_v12_algorithms_that_are_not_the_key_s(city: City, alg: str) -> None:
    text = city.presentation("id", ("name",))
    assert codes(verdict_on(city, {"id": (kb_forged(text, alg),)})) == ["key_binding_alg"]
    assert "issuer_alg" in codes(verdict_on(city, {"id": (issuer_forged(text, alg),)}))


@pytest.mark.parametrize("typ", ["JWT", "vc+sd-jwt", None])
def test_v13_issuer_typ(city: City, typ: str | None) -> None:
    credential = city.credential("id", header={"typ": typ})
    text = city.presentation("id", ("name",), text=credential)
    assert codes(verdict_on(city, {"id": (text,)})) == ["issuer_typ"]


def test_v17_a_disclosure_nothing_refers_to(city: City) -> None:
    parts = city.presentation("id", ("name",)).split("~")[:-1]
    stray = base64url.encode(b'["salt","admin",true]')
    verdict = verdict_on(city, {"id": (rebound(city, [*parts, stray]),)})
    assert codes(verdict) == ["unreferenced_disclosure"]
    assert verdict.standings[0].standing is Standing.REFUSED


def test_v18_a_disclosure_twice(city: City) -> None:
    parts = city.presentation("id", ("name",)).split("~")[:-1]
    text = rebound(city, [*parts, parts[-1]])
    assert codes(verdict_on(city, {"id": (text,)})) == ["disclosure_twice"]


@pytest.mark.parametrize("alg", ["md5", "sha-1", 5])
def test_v19_unknown_hash(city: City, alg: object) -> None:
    text = issuer_changed(city.presentation("id", ("name",)), _sd_alg=alg)
    assert codes(verdict_on(city, {"id": (text,)}))[0] == "unknown_sd_alg"


def test_v20_disclosures_reordered_or_removed_after_binding(city: City) -> None:
    issuer, first, second, binding = city.presentation("id", ("name",), ("birth",)).split("~")
    for parts in ([issuer, second, first, binding], [issuer, first, binding]):
        assert "key_binding_sd_hash" in codes(verdict_on(city, {"id": ("~".join(parts),)}))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": NOW - 60}, "expired"),
        ({"nbf": NOW + 61}, "not_yet_valid"),
        ({"iat": NOW + 61}, "not_yet_valid"),
        ({"exp": "soon"}, "malformed_time"),
    ],
)
def test_v21_times(city: City, changes: dict[str, object], code: str) -> None:
    text = city.presentation("id", ("name",), text=city.credential("id", **changes))
    verdict = verdict_on(city, {"id": (text,)})
    assert codes(verdict) == [code]
    assert verdict.genuine is (code == "expired")


@pytest.mark.parametrize(
    ("value", "code", "standing"),
    [
        (1, "status_revoked", Standing.REVOKED),
        (2, "status_suspended", Standing.SUSPENDED),
        (3, "status_unknown", Standing.REFUSED),
    ],
)
def test_v22_status(city: City, value: int, code: str, standing: Standing) -> None:
    answer = {"id": (city.presentation("id", ("name",)),)}
    verdict = verdict_on(city, answer, statuses=city.statuses("id", value=value))
    assert codes(verdict) == [code]
    assert verdict.credentials == ()
    assert verdict.standings[0].standing is standing
    assert verdict.genuine is (standing is not Standing.REFUSED)


@pytest.mark.parametrize(
    ("lookup", "code"),
    [
        (None, "status_list_unreachable"),
        (StatusError("status_list_too_large", "x"), "status_list_too_large"),
        (StatusList.of_size(4), "status_index_out_of_range"),
    ],
)
def test_v23_no_status_that_can_be_relied_upon(
    city: City, lookup: StatusLookup | None, code: str
) -> None:
    source = StatusSource(LISTS, VCT["id"], ISSUER)
    statuses = {} if lookup is None else {source: lookup}
    verdict = verdict_on(city, {"id": (city.presentation("id", ("name",)),)}, statuses=statuses)
    assert codes(verdict) == [code]
    assert verdict.standings[0].standing is Standing.REFUSED


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (None, "status_missing"),
        ({}, "status_reference_malformed"),
        ({"status_list": {"uri": LISTS, "idx": True}}, "status_reference_malformed"),
        ({"status_list": {"uri": "http://127.0.0.1/x", "idx": 1}}, "status_uri"),
        ({"status_list": {"uri": "file:///etc/passwd", "idx": 1}}, "status_uri"),
        ({"status_list": {"uri": LISTS, "idx": -1}}, "status_index_out_of_range"),
    ],
)
def test_v23_status_references(city: City, status: object, code: str) -> None:
    text = city.presentation("id", ("name",), text=city.credential("id", status=status))
    assert codes(verdict_on(city, {"id": (text,)})) == [code]


def test_a_credential_without_status_passes_where_the_policy_allows_it(city: City) -> None:
    text = city.presentation("id", ("name",), text=city.credential("id", status=None))
    policy = dataclasses.replace(city.policy, status_required=False)
    examined = examine(Answer({"id": (text,)}, "s-1"), city.asked(NAME), policy)
    assert examined.status_sources == ()
    assert conclude(examined, {}).ok


def test_only_lists_of_verified_issuers_are_to_be_fetched(city: City) -> None:
    elsewhere = {"status_list": {"uri": "https://inside.example/", "idx": 1}}
    foreign = city.credential("id", signer=city.stranger, status=elsewhere)
    answer = Answer({"id": (city.presentation("id", ("name",), text=foreign),)}, "s-1")
    assert examine(answer, city.asked(NAME), city.policy).status_sources == ()
    altered = issuer_changed(city.presentation("id", ("name",)), status=elsewhere)
    answer = Answer({"id": (altered,)}, "s-1")
    assert examine(answer, city.asked(NAME), city.policy).status_sources == ()


def test_v24_chain_to_an_unknown_root(city: City) -> None:
    credential = city.credential("id", signer=city.stranger)
    text = city.presentation("id", ("name",), text=credential)
    verdict = verdict_on(city, {"id": (text,)})
    assert codes(verdict) == ["unknown_anchor"]
    assert verdict.failures[0].step is Step.ISSUER
    assert verdict.standings[0].standing is Standing.UNTRUSTED


def test_v24_root_sent_inside_the_chain_or_no_chain_at_all(city: City) -> None:
    chain = jws.encode_chain((*city.issuer.certificate_chain, city.root))
    for x5c, code in ((chain, "anchor_in_chain"), ([], "chain_empty")):
        text = city.presentation("id", ("name",), text=city.credential("id", header={"x5c": x5c}))
        assert codes(verdict_on(city, {"id": (text,)})) == [code]


def test_v24_a_chain_with_a_malformed_name(city: City) -> None:
    leaf, *above = city.issuer.certificate_chain
    x5c = jws.encode_chain((with_malformed_subject(leaf), *above))
    text = city.presentation("id", ("name",), text=city.credential("id", header={"x5c": x5c}))
    assert codes(verdict_on(city, {"id": (text,)})) == ["chain_malformed"]


@pytest.mark.parametrize("x5c", ["text", [5], ["not base64!"]])
def test_v24_a_chain_that_cannot_be_read(city: City, x5c: object) -> None:
    text = city.presentation("id", ("name",), text=city.credential("id", header={"x5c": x5c}))
    assert codes(verdict_on(city, {"id": (text,)}))[0] == "issuer_chain"


def test_v25_an_issuer_that_is_not_accredited_for_the_type(city: City) -> None:
    attester = Attester(ISSUER, "mapo", (city.root,))
    trust = trust_of({VCT["lease"]: (attester,)}, city.trust.types)
    policy = dataclasses.replace(city.policy, trust=trust)
    answer = Answer({"id": (city.presentation("id", ("name",)),)}, "s-1")
    verdict = conclude(examine(answer, city.asked(NAME), policy), city.statuses("id"))
    assert codes(verdict) == ["issuer_not_accredited"]
    assert verdict.genuine
    assert verdict.standings[0].standing is Standing.UNTRUSTED


def test_v25_a_leaf_of_another_service_of_the_same_city(city: City) -> None:
    text = city.presentation("id", ("name",), text=city.credential("id", signer=city.verifier))
    assert codes(verdict_on(city, {"id": (text,)})) == ["issuer_name"]


def test_v26_a_key_in_the_header_never_counts(city: City) -> None:
    thief = generate_p256("thief")
    header = {
        "jwk": thief.public_key.to_jwk(),
        "x5c": jws.encode_chain(city.issuer.certificate_chain),
    }
    text = city.presentation(
        "id", ("name",), text=city.credential("id", signer=thief, header=header)
    )
    assert codes(verdict_on(city, {"id": (text,)})) == ["issuer_signature"]


def test_v27_right_issuer_wrong_type(city: City) -> None:
    text = city.presentation("lease", ("rent",))
    verdict = verdict_on(city, {"id": (text,)}, query_for("id"))
    assert codes(verdict) == ["wrong_type"]
    assert verdict.failures[0].step is Step.QUERY


def test_v28_claim_missing_or_value_unmet(city: City) -> None:
    assert codes(verdict_on(city, {"id": (city.presentation("id"),)})) == ["claim_missing"]
    claims = [{"path": ["name"], "values": ["Lee"]}]
    query = query_for("id", claims=claims)
    verdict = verdict_on(city, {"id": (city.presentation("id", ("name",)),)}, query)
    assert codes(verdict) == ["value_not_accepted"]
    assert "Kim" not in str(verdict.failures)


def test_v29_an_id_that_was_not_asked_for(city: City) -> None:
    text = city.presentation("id", ("name",))
    assert codes(verdict_on(city, {"id": (text,), "more": (text,)})) == ["unexpected_presentation"]


def test_v31_required_set_unmet_and_optional_set_absent(city: City) -> None:
    sets = [{"options": [["id"]]}, {"options": [["lease"]], "required": False}]
    query = both(credential_sets=sets)
    assert verdict_on(city, {"id": (city.presentation("id", ("name",)),)}, query).ok
    verdict = verdict_on(city, {"lease": (city.presentation("lease", ("rent",)),)}, query)
    assert codes(verdict) == ["credential_set_unmet"]
    assert codes(verdict_on(city, {})) == ["credential_missing"]


def test_v37_credentials_of_two_holders(city: City) -> None:
    other = city.credential("lease", holder=city.other_holder)
    answer = {
        "id": (city.presentation("id", ("name",)),),
        "lease": (city.presentation("lease", ("rent",), text=other, holder=city.other_holder),),
    }
    verdict = verdict_on(city, answer, both())
    assert codes(verdict) == ["holder_keys_differ"]
    assert verdict.failures[0].step is Step.HOLDER
    assert not verdict.genuine


def test_v37_of_a_credential_asked_without_its_key_nobody_says_whose_it_is(city: City) -> None:
    lease = asked_credential("lease", "rent", require_cryptographic_holder_binding=False)
    query = parse_query({"credentials": [asked_credential("id", "name"), lease]})
    unbound = city.presentation("lease", ("rent",)).rpartition("~")[0] + "~"
    answer = {"id": (city.presentation("id", ("name",)),), "lease": (unbound,)}
    verdict = verdict_on(city, answer, query)
    assert verdict.ok
    assert [found.holder for found in verdict.credentials] == [
        city.holder.public_key.thumbprint(),
        None,
    ]


def test_v37_a_proof_that_was_not_needed_must_be_of_the_same_key(city: City) -> None:
    lease = asked_credential("lease", "rent", require_cryptographic_holder_binding=False)
    query = parse_query({"credentials": [asked_credential("id", "name"), lease]})
    other = city.credential("lease", holder=city.other_holder)
    bound = city.presentation("lease", ("rent",), text=other, holder=city.other_holder)
    answer = {"id": (city.presentation("id", ("name",)),), "lease": (bound,)}
    assert codes(verdict_on(city, answer, query)) == ["holder_keys_differ"]


def test_v38_too_many_disclosures_or_too_large(city: City) -> None:
    text = city.presentation("id", ("name",), ("birth",))
    assert verdict_on(city, {"id": (text,)}, limits=Limits(disclosures=2)).ok
    for limits, code in (
        (Limits(disclosures=1), "too_many_disclosures"),
        (Limits(jwe_bytes=len(text) - 1), "malformed_sd_jwt"),
    ):
        assert codes(verdict_on(city, {"id": (text,)}, limits=limits))[0] == code
