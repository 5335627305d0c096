"""What clients of every kind obtain, and how browsers are sent."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import select

from madang.access.authorization import store
from madang.access.authorization.model import (
    AuthorizationRefused,
    GrantId,
    PresentedToken,
)
from madang.access.authorization.store import AccessTokenRow, AuthorizationRow, UsedIdRow
from madang.core.encoding import strict_json
from madang.core.keys.software import generate_ed25519, generate_p256
from madang.core.protocol.oauth.dpop import make_dpop
from madang.core.protocol.oauth.errors import OAuthError
from madang.core.protocol.oauth.names import NONE, PRE_AUTHORIZED_CODE_GRANT
from madang.core.protocol.oid4vci.credential import CredentialRequest
from tests.authorizing import (
    ASSERTING,
    ATTESTED,
    CALLBACK,
    DETAIL,
    PARTIES,
    PUBLIC,
    UNLISTED,
    Party,
    Stage,
    address,
    location,
    read_answer,
    stage,
)
from tests.unit.issuer.world import TENANT

DETAILS = strict_json.dumps([DETAIL.to_json()])


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("party", PARTIES, ids=lambda party: party.client_id)
def test_every_kind_of_client_obtains_a_bound_token_and_renews_it(on: Stage, party: Party) -> None:
    tokens = on.tokens(party)
    assert tokens["token_type"] == "DPoP"
    assert tokens["scope"] == "lease"
    assert "authorization_details" not in tokens
    assert on.good(tokens["access_token"], party)
    answer = on.refresh(tokens["refresh_token"], party, scope="lease")
    again = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    # Refresh tokens are bound and stay the same (FAPI 2.0 section 5.3.2.1).
    assert "refresh_token" not in again
    assert again["access_token"] != tokens["access_token"]
    assert on.good(again["access_token"], party)
    assert on.refresh(tokens["refresh_token"], party).status_code == 200


def test_secrets_are_kept_as_hashes(on: Stage) -> None:
    request_uri = on.pushed()
    pending, browser = on.opened(request_uri, ASSERTING.client_id)
    code = read_answer(on.approve(pending), issuer=on.issuer, state="st")
    tokens = on.exchange(code).json()
    with on.world.session() as session:
        rows = [row for t in store.TABLES for row in session.exec(select(t))]
        kept = " ".join(repr(row.model_dump()) for row in rows)
    secrets = tokens["access_token"], tokens["refresh_token"], code, browser
    for secret in (*secrets, request_uri.rpartition(":")[2]):
        assert len(secret) >= 22
        assert secret not in kept


def test_a_client_with_keys_of_its_own_may_change_its_dpop_key(on: Stage) -> None:
    token = on.tokens()["refresh_token"]
    changed = Party(ASSERTING.client_id, ASSERTING.method, ASSERTING.key, generate_ed25519("new"))
    answer = on.refresh(token, changed)
    assert on.good(answer.json()["access_token"], changed)


def test_details_give_identifiers_that_stay_the_same(on: Stage) -> None:
    tokens = on.tokens(scope=None, authorization_details=DETAILS)
    (detail,) = tokens["authorization_details"]
    assert detail["credential_configuration_id"] == "lease"
    assert len(detail["credential_identifiers"]) == 1
    assert "scope" not in tokens
    again = on.refresh(tokens["refresh_token"]).json()
    assert again["authorization_details"] == tokens["authorization_details"]
    with on.world.session() as session:
        check = on.server.tokens.check
        for token in (tokens, again):
            compact = token["access_token"]
            proof = on.proof("credential", access_token=compact)
            presented = store_presented(compact, proof)
            found = check(session, TENANT, presented, now=on.now)
            assert found.identifiers == {detail["credential_identifiers"][0]: "lease"}
            assert found.configurations == ("lease",)
            assert (found.grant, found.client_id) == (on.grant, ASSERTING.client_id)


def store_presented(token: str, proof: str | None) -> PresentedToken:
    return PresentedToken("DPoP", token, proof, "POST", address("credential"))


def test_what_the_person_does_not_agree_to_is_not_granted(on: Stage) -> None:
    details = strict_json.dumps(
        [DETAIL.to_json(), {**DETAIL.to_json(), "credential_configuration_id": "household_income"}]
    )
    request_uri = on.pushed(scope="digital_id unknown", authorization_details=details)
    pending, _ = on.opened(request_uri, ASSERTING.client_id)
    where = on.approve(pending, ["household_income", "digital_id"])
    tokens = on.exchange(read_answer(where, issuer=on.issuer, state="st")).json()
    assert tokens["scope"] == "digital_id"
    told = [each["credential_configuration_id"] for each in tokens["authorization_details"]]
    assert told == ["household_income"]
    fewer = on.refresh(tokens["refresh_token"], scope="digital_id").json()
    assert "authorization_details" not in fewer
    more = on.refresh(tokens["refresh_token"], authorization_details=DETAILS)
    assert more.json()["error"] == "invalid_authorization_details"


def test_what_was_granted_by_scope_is_asked_for_by_its_configuration_beside_details(
    on: Stage,
) -> None:
    request_uri = on.pushed(scope="digital_id", authorization_details=DETAILS)
    pending, _ = on.opened(request_uri, ASSERTING.client_id)
    code = read_answer(on.approve(pending, ("digital_id", "lease")), issuer=on.issuer, state="st")
    token = on.exchange(code).json()["access_token"]

    def asked(configuration: str) -> httpx.Response:
        proofs = on.world.proofs([generate_p256("holder")], on.world.nonce())
        return on.world.post(
            "credential",
            json=CredentialRequest(configuration, None, proofs).to_json(),
            headers={
                "authorization": f"DPoP {token}",
                "dpop": on.proof("credential", access_token=token),
            },
        )

    # What was asked for by details has an identifier, and is asked for by it alone.
    with on.world.refused("credential.invalid_credential_request"):
        assert asked("lease").status_code == 400
    with on.world.refused("credential.insufficient_scope"):
        assert asked("household_income").status_code == 403
    assert asked("digital_id").status_code == 200


@pytest.mark.parametrize("state", ["s" * 1000, None], ids=["long", "none"])
def test_the_answer_carries_state_and_issuer(on: Stage, state: str | None) -> None:
    pending, _ = on.opened(on.pushed(state=state), ASSERTING.client_id)
    assert read_answer(on.approve(pending), issuer=on.issuer, state=state)


def test_a_refusal_goes_back_to_the_client(on: Stage) -> None:
    pending, _ = on.opened(on.pushed(), ASSERTING.client_id)
    with on.world.deps.database.transaction() as session:
        refuse = on.server.requests.refuse
        where = refuse(session, TENANT, pending, "access_denied", now=on.now)
    assert where.startswith(f"{CALLBACK}?error=access_denied&state=st&iss=")
    with pytest.raises(OAuthError, match="access_denied"):
        read_answer(where, issuer=on.issuer, state="st")
    with pytest.raises(AuthorizationRefused, match="request_used"):
        on.approve(pending)


def test_the_browser_that_opened_the_request_is_known_by_a_cookie(on: Stage) -> None:
    request_uri = on.pushed(issuer_state="offer-7")
    answer = on.open(request_uri)
    cookie = answer.headers["set-cookie"].lower()
    for part in ("__host-", "httponly", "secure", "samesite=lax", "path=/;"):
        assert part in cookie
    assert answer.headers["cache-control"] == "no-store"
    pending = urlsplit(answer.headers["location"]).path.rpartition("/")[2]
    browser = answer.cookies[on.cookie]
    look = on.server.requests.pending
    with on.world.deps.database.transaction() as session:
        told = look(session, TENANT, pending, browser, now=on.now)
        assert (told.client_name, told.issuer_state) == ("Office", "offer-7")
        assert (told.configurations, told.redirect_uri) == (("lease",), CALLBACK)
        for other in ("", "another"):
            with pytest.raises(AuthorizationRefused, match="other_browser"):
                look(session, TENANT, pending, other, now=on.now)
        with pytest.raises(AuthorizationRefused, match="request_unknown"):
            look(session, TENANT, "another", browser, now=on.now)
        with pytest.raises(AuthorizationRefused, match="request_expired"):
            look(session, TENANT, pending, browser, now=told.expires_at + 10_000)


def test_a_request_is_opened_again_until_it_is_answered(on: Stage) -> None:
    request_uri = on.pushed()
    first, browser = on.opened(request_uri, ASSERTING.client_id)
    again = on.open(request_uri, browser=browser)
    assert again.cookies[on.cookie] == browser
    assert first == again.headers["location"].rpartition("/")[2]
    assert location(again) == {}


def test_another_browser_begins_anew_with_a_request(on: Stage) -> None:
    """Else whoever knows the link agreed for the person who has logged in with it, or the reverse.

    The page of the first browser is over with that.
    """
    request_uri = on.pushed()
    first, mine = on.opened(request_uri, ASSERTING.client_id)
    second, other = on.opened(request_uri, ASSERTING.client_id)
    assert first != second
    assert mine != other
    look = on.server.requests.pending
    with on.world.deps.database.transaction() as session:
        for pending, browser in ((first, mine), (first, other), (second, mine)):
            with pytest.raises(AuthorizationRefused, match=r"request_unknown|other_browser"):
                look(session, TENANT, pending, browser, now=on.now)
        assert look(session, TENANT, second, other, now=on.now).id == second
    assert read_answer(on.approve(second), issuer=on.issuer, state="st")


def test_opening_a_request_again_does_not_make_it_last(on: Stage) -> None:
    request_uri = on.pushed()
    on.opened(request_uri, ASSERTING.client_id)
    for _ in range(2):
        on.world.clock.advance(on.server.ground.policy.pending_seconds // 2 - 1)
        on.opened(request_uri, ASSERTING.client_id)
    on.world.clock.advance(2)
    assert on.open(request_uri).status_code == 400


def test_a_code_is_bound_to_the_key_that_was_named(on: Stage) -> None:
    jkt = ASSERTING.dpop.public_key.thumbprint()
    assert on.exchange(on.code(dpop_jkt=jkt)).status_code == 200
    pushed = on.push(headers={"dpop": None}, dpop_jkt=jkt).json()["request_uri"]
    pending, _ = on.opened(pushed, ASSERTING.client_id)
    code = read_answer(on.approve(pending), issuer=on.issuer, state="st")
    other = make_dpop(
        generate_p256("x"), "POST", address("token"), jti="j", issued_at=on.now, nonce=on.nonce()
    )
    assert on.exchange(code, headers={"dpop": other}).json()["error"] == "invalid_grant"
    assert on.exchange(code).status_code == 200
    answer = on.push(dpop_jkt=generate_p256("x").public_key.thumbprint())
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_a_wallet_that_is_not_registered_names_its_own_address(on: Stage) -> None:
    private = "org.example.wallet:/cb"
    pending, _ = on.opened(on.pushed(UNLISTED, redirect_uri=private), UNLISTED.client_id)
    assert on.approve(pending).startswith(f"{private}?code=")
    assert on.push(UNLISTED, redirect_uri="http://w.example").json()["error"] == "invalid_request"
    registered = on.push(ATTESTED, redirect_uri=private)
    assert registered.json()["error"] == "invalid_request"


def _pre_authorized(on: Stage, **form: str) -> dict[str, str]:
    made = on.world.offer(on.world.people()[0])
    return {
        "grant_type": PRE_AUTHORIZED_CODE_GRANT,
        "pre-authorized_code": on.world.code_of(made["offer_uri"]),
        "tx_code": made["tx_code"],
    } | form


def test_a_token_that_is_bound_to_no_key_lasts_five_minutes(on: Stage) -> None:
    tokens = on.world.post("token", data=_pre_authorized(on)).json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 300)
    with on.world.deps.database.transaction() as session:
        kept = session.execute(select(AccessTokenRow.expires_at)).scalar_one()
    assert kept == on.now + 300


def test_a_nonce_for_dpop_comes_with_the_nonce_for_keys(on: Stage) -> None:
    """OpenID4VCI 1.0 section 7.2: a wallet needs no refusal to learn it."""
    token, answer = on.tokens()["access_token"], on.world.post("nonce")
    assert answer.headers["cache-control"] == "no-store"
    proof = on.proof("credential", access_token=token, nonce=answer.headers["dpop-nonce"])
    assert on.ask(token, {"dpop": proof}).json()["error"] == "credential_request_denied"


def test_a_wallet_without_a_client_may_bind_its_token(on: Stage) -> None:
    wallet = Party("wallet-app", NONE)
    headers = {"dpop": on.proof("token", wallet)}
    answer = on.world.post("token", data=_pre_authorized(on), headers=headers)
    tokens = answer.json()
    assert sorted(tokens) == ["access_token", "expires_in", "token_type"]
    assert tokens["token_type"] == "DPoP"
    assert tokens["expires_in"] == 600
    token, keys = tokens["access_token"], [generate_p256("holder")]
    body = CredentialRequest("digital_id", None, on.world.proofs(keys, on.world.nonce()))
    sent = {
        "authorization": f"dpop {token}",
        "DPOP": on.proof("credential", wallet, access_token=token),
    }
    issued = on.world.post("credential", json=body.to_json(), headers=sent)
    assert issued.status_code == 200
    assert issued.json()["credentials"]


def test_a_name_that_nobody_knows_is_as_good_as_none(on: Stage) -> None:
    answer = on.world.post("token", data=_pre_authorized(on, client_id="some-wallet"))
    assert answer.json()["token_type"] == "Bearer"
    known = on.world.post("token", data=_pre_authorized(on, client_id=ASSERTING.client_id))
    assert (known.status_code, known.json()["error"]) == (401, "invalid_client")


def test_a_client_redeems_a_pre_authorized_code_with_details(on: Stage) -> None:
    details = '[{"type":"openid_credential","credential_configuration_id":"digital_id"}]'
    form = _pre_authorized(on, authorization_details=details)
    tokens = on.send("token", ATTESTED, form).json()
    (detail,) = tokens["authorization_details"]
    token, keys = tokens["access_token"], [generate_p256("holder")]
    proofs = on.world.proofs(keys, on.world.nonce())
    body = CredentialRequest(None, detail["credential_identifiers"][0], proofs).to_json()
    sent = {
        "authorization": f"DPoP {token}",
        "dpop": on.proof("credential", ATTESTED, access_token=token),
    }
    assert on.world.post("credential", json=body, headers=sent).status_code == 200
    again = on.refresh(tokens["refresh_token"], ATTESTED).json()
    assert again["authorization_details"] == tokens["authorization_details"]


def test_bound_tokens_alone_where_the_settings_say_so(tmp_path: Path) -> None:
    with stage(tmp_path, bearer_tokens=False) as on:
        answer = on.world.post("token", data=_pre_authorized(on))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        headers = {"dpop": on.proof("token", PUBLIC)}
        bound = on.world.post("token", data=_pre_authorized(on), headers=headers)
        assert bound.json()["token_type"] == "DPoP"
        told = on.world.post("credential", json={}).headers["www-authenticate"]
        assert told.startswith('DPoP algs="')


def test_a_renewed_offer_voids_the_token(on: Stage) -> None:
    tokens = on.tokens()
    with on.world.deps.database.transaction() as session:
        on.server.tokens.revoke(session, TENANT, GrantId("another"))
    assert on.good(tokens["access_token"])
    with on.world.deps.database.transaction() as session:
        on.server.tokens.revoke(session, TENANT, on.grant)
    assert not on.good(tokens["access_token"])
    assert on.refresh(tokens["refresh_token"]).status_code == 400


def test_what_is_over_is_swept(on: Stage) -> None:
    on.tokens()
    on.pushed()
    on.world.clock.advance(10_000)
    with on.world.deps.database.transaction() as session:
        store.sweep(session, on.now, keep=600)
    counts = [on.world.count(table) for table in (AccessTokenRow, UsedIdRow, AuthorizationRow)]
    assert counts == [0, 0, 1]  # the used code, while a refresh token may have come of it
    on.world.clock.advance(on.world.settings.refresh_seconds)
    with on.world.deps.database.transaction() as session:
        store.sweep(session, on.now, keep=600)
    assert on.world.count(AuthorizationRow) == 0


def test_nonces_and_challenges_survive_a_restart_and_are_one_municipality_s(on: Stage) -> None:
    nonce = on.nonce()
    assert on.server.ground.dpop_nonces(TENANT).good(nonce, on.now)
    assert not on.server.ground.dpop_nonces("saebyeol").good(nonce, on.now)
    assert not on.server.ground.challenges(TENANT).good(nonce, on.now)


def test_every_answer_brings_the_next_nonce(on: Stage) -> None:
    for answer in (on.push(), on.exchange(on.code()), on.exchange("unknown")):
        assert on.server.ground.dpop_nonces(TENANT).good(answer.headers["dpop-nonce"], on.now)
        assert answer.headers["oauth-client-attestation-challenge"]


@pytest.mark.parametrize(("method", "path"), [("PUT", "par"), ("GET", "token"), ("GET", "par")])
def test_other_methods_are_refused(on: Stage, method: str, path: str) -> None:
    assert on.world.client.request(method, f"/{TENANT}/issuer/{path}").status_code == 405


@pytest.mark.parametrize("party", [ASSERTING, ATTESTED], ids=["asserting", "attested"])
def test_a_code_that_comes_again_with_the_same_proof_of_the_client(on: Stage, party: Party) -> None:
    parameters, headers = on.credentials(party)
    first, second = on.code(party), on.code(party)
    token = on.exchange(first, party, headers, **parameters).json()["access_token"]
    assert on.good(token, party)
    answer = on.exchange(second, party, headers, **parameters)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = on.exchange(first, party, headers, **parameters)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert on.world.codes()[-2:] == ["client.invalid_client", "token.code_used"]
    assert not on.good(token, party)
    assert on.exchange(second, party).status_code == 200
