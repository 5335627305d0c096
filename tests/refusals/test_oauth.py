"""What the authorization server must refuse: rows I15 and I17 to I24, and what stays undone.

Each case holds the status, the code, the line in the journal, and that nothing came of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from madang.access.authorization.store import (
    AccessTokenRow,
    AuthorizationRow,
    RefreshTokenRow,
    sweep,
)
from madang.core.keys.software import generate_p256
from madang.core.protocol.oauth.dpop import make_dpop
from madang.core.protocol.oauth.names import (
    CLIENT_ATTESTATION,
    CLIENT_ATTESTATION_POP,
    PRE_AUTHORIZED_CODE_GRANT,
)
from madang.core.protocol.oauth.pkce import challenge_of
from tests.authorizing import (
    ASSERTING,
    ATTESTED,
    OTHER_ASSERTING,
    PROVIDER,
    PUBLIC,
    UNLISTED,
    VERIFIER,
    Stage,
    address,
    stage,
)
from tests.unit.issuer.world import OTHER, TENANT, ListsTwin
from tests.unit.madang.core.protocol.oauth.providers import Provider

Case = Callable[[Stage], httpx.Response]
STRANGER = generate_p256("stranger")


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, ListsTwin()) as opened:
        yield opened


@contextmanager
def nothing_comes_of_it(on: Stage, *journal: str) -> Iterator[None]:
    """Hold that the block leaves these lines, no token and no certificate."""
    tables = AccessTokenRow, RefreshTokenRow
    world = on.world
    codes, kept = world.codes(), (world.kept(), [world.count(table) for table in tables])
    yield
    assert world.codes()[len(codes) :] == [*journal]
    assert (world.kept(), [world.count(table) for table in tables]) == kept


def told(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["error"]


def test_i15_a_token_in_the_address(on: Stage) -> None:
    token = on.tokens()["access_token"]
    proof = on.proof("credential", access_token=token)
    with nothing_comes_of_it(on, "credential.invalid_request"):
        answer = on.ask(token, {"dpop": proof}, f"?access_token={token}")
    assert told(answer) == (400, "invalid_request")


DPOP = {
    "another address": {"url": address("par")},
    "another municipality": {"url": address("token", OTHER)},
    "another method": {"method": "GET"},
    "too old": {"issued_at": -3600},
    "too early": {"issued_at": 3600},
}


def _moved(on: Stage, said: dict[str, Any]) -> dict[str, Any]:
    late = said.get("issued_at")
    return said if late is None else said | {"issued_at": on.now + late}


@pytest.mark.parametrize("said", DPOP.values(), ids=[f"I17 {name}" for name in DPOP])
def test_i17_a_proof_for_something_else_at_the_token_endpoint(
    on: Stage, said: dict[str, Any]
) -> None:
    code = on.code()
    proof = on.proof("token", **_moved(on, said))
    with nothing_comes_of_it(on, "dpop.invalid_dpop_proof"):
        assert told(on.exchange(code, headers={"dpop": proof})) == (400, "invalid_dpop_proof")
    assert on.exchange(code).status_code == 200


@pytest.mark.parametrize(
    "said",
    [*DPOP.values(), {"access_token": "another"}, {"access_token": None}],
    ids=[*(f"I17 {name}" for name in DPOP), "I17 ath of another", "I17 no ath"],
)
def test_i17_a_proof_for_something_else_at_the_resource(on: Stage, said: dict[str, Any]) -> None:
    token = on.tokens()["access_token"]
    changed = {"url": address("token")} if said == DPOP["another address"] else said
    proof = on.proof("credential", **{"access_token": token, **_moved(on, changed)})
    with nothing_comes_of_it(on, "dpop.invalid_dpop_proof"):
        answer = on.ask(token, {"dpop": proof})
    assert told(answer) == (401, "invalid_dpop_proof")
    assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_dpop_proof", algs=')
    assert answer.headers["dpop-nonce"]
    assert on.good(token)


@pytest.mark.parametrize("path", ["par", "token", "credential"])
@pytest.mark.parametrize(
    "nonce", [None, "another"], ids=["I17 without a nonce", "I17 with another nonce"]
)
def test_i17_a_proof_without_a_good_nonce(on: Stage, path: str, nonce: str | None) -> None:
    code, token = on.code(), on.tokens()["access_token"]
    more = {"access_token": token} if path == "credential" else {}
    proof = on.proof(path, nonce=nonce, **more)
    with nothing_comes_of_it(on, "dpop.use_dpop_nonce"):
        answer = _sent(on, path, {"dpop": proof}, code, token)
    status = 401 if path == "credential" else 400
    assert told(answer) == (status, "use_dpop_nonce")
    # The nonce that comes with the refusal is good, and the same id may come with it.
    again = on.proof(path, nonce=answer.headers["dpop-nonce"], **more)
    assert _sent(on, path, {"dpop": again}, code, token).json().get("error") in (
        None,
        "credential_request_denied",
    )


def _sent(on: Stage, path: str, headers: dict[str, str], code: str, token: str) -> httpx.Response:
    if path == "par":
        return on.push(headers=headers)
    return on.exchange(code, headers=headers) if path == "token" else on.ask(token, headers)


def test_i17_a_nonce_that_is_too_old(on: Stage) -> None:
    nonce = on.nonce()
    on.world.clock.advance(on.world.settings.dpop_nonce_seconds)
    proof = on.proof("par", nonce=nonce)
    with nothing_comes_of_it(on, "dpop.use_dpop_nonce"):
        assert told(on.push(headers={"dpop": proof})) == (400, "use_dpop_nonce")


def test_i17_a_proof_that_comes_twice(on: Stage) -> None:
    pushed = on.proof("par")
    assert on.push(headers={"dpop": pushed}).status_code == 201
    with nothing_comes_of_it(on, "dpop.invalid_dpop_proof"):
        assert told(on.push(headers={"dpop": pushed})) == (400, "invalid_dpop_proof")
    first, second, proof = on.code(), on.code(), on.proof("token")
    token = on.exchange(first, headers={"dpop": proof}).json()["access_token"]
    with nothing_comes_of_it(on, "dpop.invalid_dpop_proof"):
        answer = on.exchange(second, headers={"dpop": proof})
    assert told(answer) == (400, "invalid_dpop_proof")
    assert on.exchange(second).status_code == 200
    assert on.good(token)


def test_i17_two_proofs_and_a_key_that_is_not_the_token_s(on: Stage) -> None:
    token = on.tokens()["access_token"]
    foreign = on.proof("credential", OTHER_ASSERTING, access_token=token)
    with nothing_comes_of_it(on, "dpop.invalid_dpop_proof"):
        assert told(on.ask(token, {"dpop": foreign})) == (401, "invalid_dpop_proof")
    with nothing_comes_of_it(on, "dpop.invalid_dpop_proof"):
        both = ", ".join(on.proof("credential", access_token=token) for _ in range(2))
        assert told(on.ask(token, {"dpop": both})) == (401, "invalid_dpop_proof")
    with nothing_comes_of_it(on, "dpop.invalid_dpop_proof"):
        assert told(on.ask(token, {})) == (401, "invalid_dpop_proof")


def test_i18_a_bound_token_as_bearer(on: Stage) -> None:
    token = on.tokens()["access_token"]
    for headers in ({}, {"dpop": on.proof("credential", access_token=token)}):
        with nothing_comes_of_it(on, "credential.invalid_token"):
            answer = on.ask(token, {"authorization": f"Bearer {token}", **headers})
        assert told(answer) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_token"')


def _attested(on: Stage, attestation: str | None, pop: str | None) -> httpx.Response:
    return on.push(ATTESTED, {CLIENT_ATTESTATION: attestation, CLIENT_ATTESTATION_POP: pop})


def _altered(compact: str) -> str:
    head, payload, signature = compact.split(".")
    return ".".join((head, payload, signature[::-1]))


ATTESTATIONS: dict[str, Case] = {
    "bad signature": lambda on: _attested(on, _altered(on.attestation()), on.pop()),
    "of a stranger": lambda on: _attested(on, on.attestation(by=Provider().signer), on.pop()),
    "by the root": lambda on: _attested(on, on.attestation(by=PROVIDER.self_signed), on.pop()),
    "expired": lambda on: _attested(on, on.attestation(expires_at=on.now - 61), on.pop()),
    "no sub": lambda on: _attested(on, on.attestation(client_id=""), on.pop()),
    "bad signature of the proof": lambda on: _attested(on, on.attestation(), _altered(on.pop())),
    "proof for another server": lambda on: _attested(
        on, on.attestation(), on.pop(audience="https://other.example")
    ),
    "proof by another key": lambda on: _attested(on, on.attestation(), on.pop(by=STRANGER)),
    "proof too old": lambda on: _attested(on, on.attestation(), on.pop(issued_at=on.now - 3600)),
    "without proof": lambda on: _attested(on, on.attestation(), None),
    "proof alone": lambda on: _attested(on, None, on.pop()),
}


@pytest.mark.parametrize("case", ATTESTATIONS.values(), ids=[f"I19 {n}" for n in ATTESTATIONS])
def test_i19_an_attestation_that_does_not_hold(on: Stage, case: Case) -> None:
    requests = on.world.count(AuthorizationRow)
    with nothing_comes_of_it(on, "client.invalid_client_attestation"):
        assert told(case(on)) == (401, "invalid_client_attestation")
    assert on.world.count(AuthorizationRow) == requests


@pytest.mark.parametrize("twice", [CLIENT_ATTESTATION, CLIENT_ATTESTATION_POP], ids=["I19", "PoP"])
def test_i19_one_of_the_two_headers_comes_twice(on: Stage, twice: str) -> None:
    # The good ones are there by their usual names, and each of them comes first.
    for second in (on.attestation() if twice == CLIENT_ATTESTATION else on.pop(), "junk"):
        with nothing_comes_of_it(on, "client.invalid_client_attestation"):
            answer = on.push(ATTESTED, {twice.lower(): second})
        assert told(answer) == (401, "invalid_client_attestation")
    assert on.push(ATTESTED).status_code == 201


@pytest.mark.parametrize("challenge", [None, "another"], ids=["I19 none", "I19 another"])
def test_i19_a_proof_without_the_server_s_challenge(on: Stage, challenge: str | None) -> None:
    with nothing_comes_of_it(on, "client.use_attestation_challenge"):
        answer = _attested(on, on.attestation(), on.pop(challenge=challenge))
    assert told(answer) == (400, "use_attestation_challenge")
    fresh = answer.headers["oauth-client-attestation-challenge"]
    assert _attested(on, on.attestation(), on.pop(challenge=fresh)).status_code == 201


def test_i19_a_proof_of_possession_that_comes_twice(on: Stage) -> None:
    attestation, pop = on.attestation(), on.pop()
    assert _attested(on, attestation, pop).status_code == 201
    with nothing_comes_of_it(on, "client.invalid_client"):
        assert told(_attested(on, attestation, pop)) == (401, "invalid_client")


def test_i19_a_wallet_whose_status_is_not_known(on: Stage) -> None:
    place = {"status_list": {"uri": "https://w.example.invalid/1", "idx": 7}}
    for status in (place, {"status_list": {}}):
        with nothing_comes_of_it(on, "client.invalid_client_attestation"):
            answer = _attested(on, on.attestation(claims={"status": status}), on.pop())
        assert told(answer) == (401, "invalid_client_attestation")


def test_i20_a_request_that_was_not_pushed(on: Stage) -> None:
    plain = {
        "response_type": "code",
        "client_id": ASSERTING.client_id,
        "redirect_uri": "https://wallet.example/cb",
        "scope": "lease",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    for asked in (plain, plain | {"request_uri": "https://wallet.example/r"}, {}):
        with nothing_comes_of_it(on, "authorization.not_pushed"):
            answer = on.world.client.get(f"/{TENANT}/issuer/authorize", params=asked)
        assert answer.status_code == 400
        assert "location" not in answer.headers


def test_i20_a_request_uri_after_its_use_or_end_or_by_another_client(on: Stage) -> None:
    used, late, foreign = (on.pushed() for _ in range(3))
    on.approve(on.opened(used, ASSERTING.client_id)[0])
    cases = [(used, ASSERTING, "request_used"), (foreign, OTHER_ASSERTING, "other_client")]
    for request_uri, party, code in cases:
        with nothing_comes_of_it(on, f"authorization.{code}"):
            assert on.open(request_uri, party.client_id).status_code == 400
    on.world.clock.advance(on.world.settings.request_seconds)
    with nothing_comes_of_it(on, "authorization.request_expired"):
        assert on.open(late).status_code == 400
    with nothing_comes_of_it(on, "authorization.request_unknown"):
        assert on.open(f"{late}x").status_code == 400


PUSHES: dict[str, tuple[dict[str, Any], str]] = {
    "I21 no challenge": ({"code_challenge": None}, "invalid_request"),
    "I21 plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "I21 no method": ({"code_challenge_method": None}, "invalid_request"),
    "request_uri inside": ({"request_uri": "urn:x"}, "invalid_request"),
    "a request object": ({"request": "a.b.c"}, "request_not_supported"),
    "response type token": ({"response_type": "token"}, "unsupported_response_type"),
    "another redirect_uri": ({"redirect_uri": "https://evil.example"}, "invalid_request"),
    "no redirect_uri": ({"redirect_uri": None}, "invalid_request"),
    "unknown scope": ({"scope": "unknown"}, "invalid_scope"),
    "nothing asked for": ({"scope": None}, "invalid_scope"),
    "unknown configuration": (
        {
            "authorization_details": '[{"type":"openid_credential",'
            '"credential_configuration_id":"unknown"}]'
        },
        "invalid_authorization_details",
    ),
}


@pytest.mark.parametrize(("form", "code"), PUSHES.values(), ids=[*PUSHES])
def test_i21_a_request_with_one_defect_is_not_kept(
    on: Stage, form: dict[str, Any], code: str
) -> None:
    with nothing_comes_of_it(on, f"authorization.{code}"):
        assert told(on.push(**form)) == (400, code)
    assert on.world.count(AuthorizationRow) == 0


@pytest.mark.parametrize(
    ("form", "status", "code", "journal"),
    [
        ({"code_verifier": "w" * 43}, 400, "invalid_grant", "token.verifier_wrong"),
        ({"code_verifier": "short"}, 400, "invalid_grant", "token.verifier_wrong"),
        ({"code_verifier": None}, 400, "invalid_request", "token.invalid_request"),
        ({"code": None}, 400, "invalid_request", "token.invalid_request"),
        ({"code": "another"}, 400, "invalid_grant", "token.code_unknown"),
        ({"redirect_uri": "https://e.example"}, 400, "invalid_grant", "token.other_address"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "token.unsupported_grant_type"),
    ],
    ids=[
        *("I21 another verifier", "I21 a short verifier", "I21 no verifier", "I22 no code"),
        *("I22 unknown code", "I22 another redirect_uri", "I22 another grant"),
    ],
)
def test_i21_a_code_that_is_not_proved_can_still_be_used(
    on: Stage, form: dict[str, Any], status: int, code: str, journal: str
) -> None:
    made = on.code()
    with nothing_comes_of_it(on, journal):
        assert told(on.exchange(made, **form)) == (status, code)
    assert on.exchange(made).status_code == 200


def test_i28_unknown_parameters_and_members_are_ignored(on: Stage) -> None:
    odd = {"odd": "x", "resource": on.issuer, "prompt": "login", "nonce": "n"}
    details = (
        '[{"type":"openid_credential","credential_configuration_id":"lease","odd":{"a":[1]},'
        f'"locations":["{on.issuer}"]}}]'
    )
    code = on.code(scope=None, authorization_details=details, **odd)
    tokens = on.exchange(code, **odd).json()
    (detail,) = tokens["authorization_details"]
    assert (detail["credential_configuration_id"], "odd" in detail) == ("lease", False)
    assert on.refresh(tokens["refresh_token"], **odd).status_code == 200


def test_i22_a_code_that_is_used_again_voids_what_came_of_it(on: Stage) -> None:
    code = on.code()
    tokens = on.exchange(code).json()
    assert on.good(tokens["access_token"])
    answer = on.exchange(code)
    assert told(answer) == (400, "invalid_grant")
    assert on.world.codes()[-1] == "token.code_used"
    assert not on.good(tokens["access_token"])
    assert told(on.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert on.world.codes()[-1] == "token.refresh_unknown"


def test_i22_a_code_is_known_as_used_for_as_long_as_what_came_of_it_counts(on: Stage) -> None:
    code = on.code()
    token = on.exchange(code).json()["refresh_token"]
    on.world.clock.advance(on.world.settings.refresh_seconds - 1)
    with on.world.deps.database.transaction() as session:
        sweep(session, on.now, keep=0)
    assert told(on.exchange(code)) == (400, "invalid_grant")
    assert on.world.codes()[-1] == "token.code_used"
    assert told(on.refresh(token)) == (400, "invalid_grant")
    assert on.world.codes()[-1] == "token.refresh_unknown"


def test_i22_a_code_expires_and_is_one_client_s_and_one_key_s(on: Stage) -> None:
    late, foreign, bound = on.code(), on.code(), on.code()
    with nothing_comes_of_it(on, "token.other_client"):
        assert told(on.exchange(foreign, OTHER_ASSERTING)) == (400, "invalid_grant")
    with nothing_comes_of_it(on, "token.other_key"):
        proof = make_dpop(
            STRANGER, "POST", address("token"), jti="j", issued_at=on.now, nonce=on.nonce()
        )
        assert told(on.exchange(bound, headers={"dpop": proof})) == (400, "invalid_grant")
    on.world.clock.advance(60)
    with nothing_comes_of_it(on, "token.code_expired"):
        assert told(on.exchange(late)) == (400, "invalid_grant")


def test_i22_a_code_without_a_proof_of_possession(on: Stage) -> None:
    code = on.code()
    with nothing_comes_of_it(on, "token.invalid_request"):
        assert told(on.exchange(code, headers={"dpop": None})) == (400, "invalid_request")
    assert on.exchange(code).status_code == 200


def _redeem(on: Stage, made: dict[str, Any], **form: str | None) -> httpx.Response:
    said = {
        "grant_type": PRE_AUTHORIZED_CODE_GRANT,
        "pre-authorized_code": on.world.code_of(made["offer_uri"]),
        "tx_code": made["tx_code"],
    } | form
    return on.world.post("token", data={k: v for k, v in said.items() if v is not None})


def test_i23_a_pre_authorized_code_that_was_used_or_is_over(on: Stage) -> None:
    first, late = (on.world.offer(person) for person in on.world.people()[:2])
    assert _redeem(on, first).status_code == 200
    with nothing_comes_of_it(on, "token.code_used"):
        assert told(_redeem(on, first)) == (400, "invalid_grant")
    on.world.clock.advance(on.world.settings.offer_seconds)
    with nothing_comes_of_it(on, "token.code_expired"):
        assert told(_redeem(on, late)) == (400, "invalid_grant")


def test_i24_no_transaction_code(on: Stage) -> None:
    made = on.world.offer(on.world.people()[0])
    with nothing_comes_of_it(on, "token.invalid_request"):
        assert told(_redeem(on, made, tx_code=None)) == (400, "invalid_request")
    assert _redeem(on, made).status_code == 200


ASSERTIONS: dict[str, Case] = {
    "for the endpoint": lambda on: on.push(client_assertion=on.assertion(audience=address("par"))),
    "expired": lambda on: on.push(client_assertion=on.assertion(issued_at=on.now - 360)),
    "from the future": lambda on: on.push(client_assertion=on.assertion(issued_at=on.now + 90)),
    "of another client": lambda on: on.push(client_assertion=on.assertion(OTHER_ASSERTING)),
    "altered": lambda on: on.push(client_assertion=_altered(on.assertion())),
    "of nobody": lambda on: on.push(
        client_id="nobody", client_assertion=on.assertion(client_id="nobody")
    ),
    "no type": lambda on: on.push(client_assertion_type=None),
    "none at all": lambda on: on.push(client_assertion=None, client_assertion_type=None),
    "a secret": lambda on: on.push(client_secret="secret"),
    "basic": lambda on: on.push(headers={"authorization": "Basic YTpi"}),
    "none of a stranger": lambda on: on.send("par", PUBLIC, {"client_id": "stranger"}),
    "attested as another": lambda on: on.push(UNLISTED, client_id=ATTESTED.client_id),
    "attested for asserting": lambda on: on.push(
        ASSERTING,
        {
            CLIENT_ATTESTATION: on.attestation(ASSERTING),
            CLIENT_ATTESTATION_POP: on.pop(ASSERTING),
        },
        client_assertion=None,
    ),
}


@pytest.mark.parametrize("case", ASSERTIONS.values(), ids=[*ASSERTIONS])
def test_a_client_that_is_not_itself_gets_nothing(on: Stage, case: Case) -> None:
    with nothing_comes_of_it(on, "client.invalid_client"):
        assert told(case(on)) == (401, "invalid_client")
    assert on.world.count(AuthorizationRow) == 0


def test_an_assertion_counts_once_and_two_ways_are_one_too_many(on: Stage) -> None:
    assertion = on.assertion()
    assert on.push(client_assertion=assertion).status_code == 201
    with nothing_comes_of_it(on, "client.invalid_client"):
        assert told(on.push(client_assertion=assertion)) == (401, "invalid_client")
    both = {CLIENT_ATTESTATION: on.attestation(), CLIENT_ATTESTATION_POP: on.pop()}
    with nothing_comes_of_it(on, "authorization.invalid_request"):
        assert told(on.push(headers=both)) == (400, "invalid_request")


def test_a_refresh_token_is_one_client_s_and_needs_a_proof(on: Stage) -> None:
    token = on.tokens()["refresh_token"]
    with nothing_comes_of_it(on, "token.other_client"):
        assert told(on.refresh(token, OTHER_ASSERTING)) == (400, "invalid_grant")
    with nothing_comes_of_it(on, "token.invalid_request"):
        assert told(on.refresh(token, headers={"dpop": None})) == (400, "invalid_request")
    with nothing_comes_of_it(on, "token.invalid_scope"):
        assert told(on.refresh(token, scope="digital_id")) == (400, "invalid_scope")
    on.world.clock.advance(on.world.settings.refresh_seconds)
    with nothing_comes_of_it(on, "token.refresh_expired"):
        assert told(on.refresh(token)) == (400, "invalid_grant")


@pytest.mark.parametrize("party", [PUBLIC, ATTESTED], ids=["public", "attested"])
def test_a_refresh_token_is_bound_to_the_key_of_a_client_without_others(
    on: Stage, party: Any
) -> None:
    token = on.tokens(party)["refresh_token"]
    changed = {"dpop": STRANGER} if party is PUBLIC else {"key": STRANGER}
    with nothing_comes_of_it(on, "token.other_key"):
        answer = on.refresh(token, type(party)(party.client_id, party.method, **changed))
    assert told(answer) == (400, "invalid_grant")
    assert on.refresh(token, party).status_code == 200
