"""Tokens by which services call one another: one request, one minute, one clerk."""

import base64
import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from madang.access.service_token import (
    LIFE_SECONDS,
    MAX_SKEW,
    TYPE,
    Call,
    FolderServiceKeys,
    ServiceTokenError,
    UsedTokens,
    make,
    verify,
)
from madang.core.envelope import jws
from madang.core.keys.software import generate_ed25519, generate_p256, generate_p384
from tests.unit.madang.access.conftest import ADDRESSES, CALLER, NOW, OTHER, TENANT, House

AUDIENCE = ADDRESSES.identifier(TENANT, "counter")
PATH = f"/{TENANT}/counter/api/for-clerks"
BODY = b'{"a":1}'
CALL = Call(AUDIENCE, "POST", PATH, BODY)


def refused(house: House, token: str, call: Call = CALL, now: int = NOW) -> str:
    with pytest.raises(ServiceTokenError) as error:
        verify(token, call, house.keys, now=now)
    return error.value.code


def edited(token: str, **claims: Any) -> str:
    """Return a token with other claims under the old signature."""
    header, _, signature = token.split(".")
    told = jwt.decode(token, options={"verify_signature": False}) | claims
    payload = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
    return f"{header}.{payload}.{signature}"


def signed(house: House, claims: dict[str, Any], typ: str = TYPE) -> str:
    whole = jwt.decode(house.token(CALL), options={"verify_signature": False}) | claims
    return jws.sign(json.dumps(whole).encode(), {"typ": typ}, house.keys.signer(CALLER))


class TestVerify:
    def test_says_who_calls_for_whom(self, house: House) -> None:
        identity = verify(house.token(CALL), CALL, house.keys, now=NOW)
        assert identity.issuer == CALLER
        assert identity.actor == "pseudonym"
        assert identity.roles == {"clerk"}

    @pytest.mark.parametrize("later", [-MAX_SKEW, 0, LIFE_SECONDS + MAX_SKEW - 1])
    def test_within_its_time(self, house: House, later: int) -> None:
        assert verify(house.token(CALL), CALL, house.keys, now=NOW + later).actor == "pseudonym"

    @pytest.mark.parametrize("later", [-MAX_SKEW - 1, LIFE_SECONDS + MAX_SKEW, 10**6])
    def test_outside_its_time(self, house: House, later: int) -> None:
        assert refused(house, house.token(CALL), now=NOW + later) == "token_time"

    def test_a_long_life_is_cut_to_the_longest(self, house: House) -> None:
        token = signed(house, {"exp": NOW + 10**6})
        assert refused(house, token, now=NOW + LIFE_SECONDS + MAX_SKEW) == "token_time"

    @pytest.mark.parametrize(
        "call",
        [
            Call(AUDIENCE, "GET", PATH, BODY),
            Call(AUDIENCE, "POST", PATH + "?a=1", BODY),
            Call(AUDIENCE, "POST", PATH + "/", BODY),
            Call(AUDIENCE, "POST", PATH, BODY + b" "),
            Call(AUDIENCE, "POST", PATH, b""),
        ],
    )
    def test_for_another_request(self, house: House, call: Call) -> None:
        assert refused(house, house.token(CALL), call) == "token_request"

    def test_for_another_service(self, house: House) -> None:
        call = Call(ADDRESSES.identifier(OTHER, "counter"), "POST", PATH, BODY)
        assert refused(house, house.token(CALL), call) == "token_audience"

    def test_of_a_service_that_nobody_knows(self, house: House) -> None:
        token = make(generate_p256("k"), CALL, issuer="https://x/y/z", actor="a", roles=[], now=NOW)
        assert refused(house, token) == "unknown_service"

    def test_by_another_key(self, house: House) -> None:
        token = make(generate_p256("k"), CALL, issuer=CALLER, actor="a", roles=[], now=NOW)
        assert refused(house, token) == "token_signature"

    @pytest.mark.parametrize("generate", [generate_ed25519, generate_p384])
    @pytest.mark.parametrize("alg", [None, "ES256"])
    def test_by_a_key_of_another_kind(self, house: House, generate: Any, alg: str | None) -> None:
        house.keys.signers["https://x/y/z"] = key = generate("k")
        key.algorithm = alg or key.algorithm
        token = make(key, CALL, issuer="https://x/y/z", actor="a", roles=[], now=NOW)
        assert refused(house, token) == "unknown_service"

    @pytest.mark.parametrize(
        "change", [{"roles": ["administrator"]}, {"sub": "another"}, {"exp": NOW + 50}]
    )
    def test_claims_changed_on_the_way(self, house: House, change: dict[str, Any]) -> None:
        assert refused(house, edited(house.token(CALL), **change)) == "token_signature"

    @pytest.mark.parametrize("algorithm", ["none", "HS256"])
    def test_an_algorithm_that_is_not_ours(self, house: House, algorithm: str) -> None:
        told = jwt.decode(house.token(CALL), options={"verify_signature": False})
        key = None if algorithm == "none" else "x" * 32
        assert refused(house, jwt.encode(told, key, algorithm, {"typ": TYPE})) == "token_signature"

    def test_another_kind_of_token(self, house: House) -> None:
        assert refused(house, signed(house, {}, typ="JWT")) == "token_type"

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "가.나.다"])
    def test_no_token_at_all(self, house: House, token: str) -> None:
        assert refused(house, token) in {"token_malformed", "token_type"}

    @pytest.mark.parametrize(
        "claims",
        [{"iat": None}, {"exp": "soon"}, {"roles": "clerk"}, {"sub": None}, {"iat": "now"}],
    )
    def test_claims_of_the_wrong_kind(self, house: House, claims: dict[str, Any]) -> None:
        assert refused(house, signed(house, claims)) == "token_malformed"


class TestDoor:
    def post(self, house: House, token: str, path: str = PATH, body: bytes = BODY) -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return house.send("POST", path, headers=headers, content=body)

    def test_a_clerk_s_call(self, house: House) -> None:
        answer = self.post(house, house.token(CALL))
        assert answer.status_code == 200

    def test_no_token(self, house: House) -> None:
        answer = self.post(house, "")
        assert answer.status_code == 401
        assert answer.json()["title"] == "token_missing"
        assert answer.headers["www-authenticate"] == 'Bearer error="token_missing"'
        assert house.journal() == ["access.token_missing"]

    def test_another_scheme(self, house: House) -> None:
        headers = {"authorization": f"Basic {house.token(CALL)}"}
        assert house.send("POST", PATH, headers=headers, content=BODY).status_code == 401

    def test_without_the_role(self, house: House) -> None:
        answer = self.post(house, house.token(CALL, roles=["agency"]))
        assert (answer.status_code, house.journal()) == (403, ["access.wrong_role"])

    def test_a_route_for_any_service_needs_no_role(self, house: House) -> None:
        path = f"/{TENANT}/counter/api/any"
        token = house.token(Call(AUDIENCE, "POST", path, BODY), roles=[])
        assert self.post(house, token, path).status_code == 200

    def test_another_municipality_s_service_finds_nothing(self, house: House) -> None:
        foreign = ADDRESSES.identifier(OTHER, "issuer")
        answer = self.post(house, house.token(CALL, issuer=foreign))
        assert (answer.status_code, house.journal()) == (404, ["access.foreign_tenant"])

    def test_another_body(self, house: House) -> None:
        answer = self.post(house, house.token(CALL), body=b"{}")
        assert (answer.status_code, house.journal()) == (401, ["access.token_request"])

    def test_the_query_is_part_of_the_request(self, house: House) -> None:
        assert self.post(house, house.token(CALL), f"{PATH}?a=1").status_code == 401
        token = house.token(Call(AUDIENCE, "POST", f"{PATH}?a=1", BODY))
        assert self.post(house, token, f"{PATH}?a=1").status_code == 200

    def test_a_session_of_staff_does_not_open_it(self, house: House) -> None:
        cookies = house.hire()
        assert house.send("POST", PATH, headers=cookies, content=BODY).status_code == 401


class TestFolder:
    def keep(self, folder: Path, name: str, content: object) -> None:
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")

    def test_a_key_by_its_service(self, tmp_path: Path) -> None:
        key = generate_p256("k").public_key
        self.keep(tmp_path, "one", {"issuer": CALLER, "jwk": key.to_jwk()})
        keys = FolderServiceKeys(tmp_path)
        found = keys.key(CALLER)
        assert found is not None
        assert found.thumbprint() == key.thumbprint()
        assert keys.key("https://x/y/z") is None

    def test_a_service_that_comes_later(self, tmp_path: Path) -> None:
        keys = FolderServiceKeys(tmp_path)
        assert keys.key(CALLER) is None
        jwk = generate_p256("k").public_key.to_jwk()
        self.keep(tmp_path, "one", {"issuer": CALLER, "jwk": jwk})
        assert keys.key(CALLER) is not None

    @pytest.mark.parametrize(
        "content", [[], {}, {"issuer": CALLER}, {"issuer": CALLER, "jwk": {"kty": "oct"}}, "x"]
    )
    def test_a_malformed_file_counts_as_absent(self, tmp_path: Path, content: object) -> None:
        self.keep(tmp_path, "bad", content)
        jwk = generate_p256("k").public_key.to_jwk()
        self.keep(tmp_path, "good", {"issuer": "https://x/y/z", "jwk": jwk})
        keys = FolderServiceKeys(tmp_path)
        assert keys.key(CALLER) is None
        assert keys.key("https://x/y/z") is not None


class TestOnce:
    def test_a_token_opens_the_door_once(self, house: House) -> None:
        token = house.token(CALL)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        answers = [house.send("POST", PATH, content=BODY, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 401]
        assert house.journal()[-1] == "access.token_used"

    def test_two_tokens_for_the_same_call_are_two(self, house: House) -> None:
        for _ in range(2):
            headers = {"authorization": f"Bearer {house.token(CALL)}"}
            assert house.send("POST", PATH, content=BODY, headers=headers).status_code == 200

    def test_what_is_over_is_forgotten(self, house: House) -> None:
        used = UsedTokens()
        for number in range(100):
            token = house.token(CALL)
            used.use(verify(token, CALL, house.keys, now=NOW), now=NOW + number * LIFE_SECONDS)
        assert len(used._until) <= 3
