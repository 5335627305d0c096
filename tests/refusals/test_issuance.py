"""What an issuer refuses: for each row the status, the code, the journal's line, nothing issued."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from issuer.issuance.store import DeferralRow, NotificationRow
from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jwe, jws
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.core.protocol.oid4vci.key_attestation import StatusPlace
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from madang.core.status import token_jwt
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import INVALID, StatusList
from tests.unit.issuer.conftest import (  # noqa: F401 - fixtures
    catalogue,
    holder_keys,
    log_client,
    log_key,
    made_up,
    origin,
    settings,
    world,
)
from tests.unit.issuer.world import OTHER, TENANT, World, payload_of

LIST = "https://provider.example/lists/1"
PROOF_TYP = "openid4vci-proof+jwt"


@dataclass
class Scene:
    """A wallet with a token for a Digital ID and two keys, before its credential request."""

    world: World
    token: str
    keys: list[Signer]

    def proof(
        self, *, signer: Signer | None = None, header: Mapping[str, Any] | None = None,
        **claims: object,
    ) -> str:  # fmt: skip
        """Return a key proof; headers and claims may be changed."""
        here, own = self.world, self.keys[0].public_key.to_jwk()
        said = {"aud": here.identifier(), "iat": here.clock.now(), "nonce": here.nonce()}
        top = {"typ": PROOF_TYP, "jwk": own} | dict(header or {})
        kept = {name: value for name, value in top.items() if value is not None}
        return jws.sign(strict_json.dumps(said | claims).encode(), kept, signer or self.keys[0])

    def ask(self, **changes: object) -> httpx.Response:
        """Send a good request with some members changed or, as None, left out."""
        body = {"proofs": {"jwt": [self.proof()]}} | changes
        return self.world.proved(self.token, **body)

    def prove(self, *proofs: object, kind: str = "jwt") -> httpx.Response:
        return self.world.proved(self.token, {kind: list(proofs)})

    def attested(self, **changes: Any) -> httpx.Response:
        return self.prove(self.world.attest(self.keys, **changes), kind="attestation")

    def with_header(self, attestation: str) -> httpx.Response:
        return self.prove(self.proof(header={"key_attestation": attestation}))

    def encrypted(self, encryption: Mapping[str, Any] | None, **metadata: str) -> httpx.Response:
        """Send an encrypted request that asks for an answer so encrypted."""
        jwk, *_ = self.world.metadata()["credential_request_encryption"]["jwks"]["keys"]
        body = {
            "credential_configuration_id": "digital_id",
            "proofs": {"jwt": [self.proof()]},
            "credential_response_encryption": encryption,
        }
        kept = {name: value for name, value in body.items() if value is not None}
        unmarked = {name: value for name, value in jwk.items() if name != "use"} | metadata
        sealed = jwe.encrypt(strict_json.dumps(kept).encode(), unmarked, enc="A128GCM")
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/jwt"}
        return self.world.post("credential", content=sealed, headers=headers)


@pytest.fixture
def scene(world: World) -> Scene:  # noqa: F811 - the fixture
    token = world.redeem(world.offer(world.people()[0]))
    return Scene(world, token, [generate_p256("one"), generate_p256("two")])


def wallet_jwk() -> dict[str, Any]:
    public = PublicKey.from_native(ec.generate_private_key(ec.SECP256R1()).public_key())
    return {**public.to_jwk(), "kid": "w", "alg": "ECDH-ES"}


def tampered(compact: str) -> str:
    head, payload, signature = compact.split(".")
    raw = bytearray(base64url.decode(signature))
    raw[5] ^= 1
    return f"{head}.{payload}.{base64url.encode(bytes(raw))}"


def listed(scene: Scene, signer: Signer | None = None) -> StatusPlace:
    """Publish a status list of the provider in which the first attestation was revoked."""
    now = scene.world.clock.now()
    statuses = StatusList.of_size(16, 1)
    statuses.set(0, INVALID)
    token = StatusListToken(LIST, now, now + 600, 300, statuses.pack())
    scene.world.http.published[LIST] = token_jwt.encode(
        token, signer or scene.world.provider
    ).encode()
    return StatusPlace(LIST, 0)


def other_nonce(scene: Scene) -> str:
    return scene.proof(nonce=scene.world.nonce(OTHER))


def used_nonce(scene: Scene) -> str:
    nonce = scene.world.nonce()
    assert scene.prove(scene.proof(nonce=nonce)).status_code == 200
    return scene.proof(nonce=nonce)


def old_nonce(scene: Scene) -> str:
    nonce = scene.world.nonce()
    scene.world.clock.advance(scene.world.settings.nonce_seconds)
    return scene.proof(nonce=nonce)


def altered(compact: str) -> str:
    return compact[:-2] + ("AA" if compact[-2:] != "AA" else "BB")


Attempt = Callable[[Scene], httpx.Response]
UNKNOWN = "unknown_credential_configuration"
ENC = "invalid_encryption_parameters"
PROOF, NONCE, REQUEST = "invalid_proof", "invalid_nonce", "invalid_credential_request"
ROWS: list[tuple[str, str, Attempt]] = [
    ("I1", UNKNOWN, lambda s: s.ask(credential_configuration_id="nothing")),
    (
        "I2",
        "unknown_credential_identifier",
        lambda s: s.ask(credential_configuration_id=None, credential_identifier="nothing"),
    ),
    ("I3-both", REQUEST, lambda s: s.ask(credential_identifier="digital_id")),
    ("I3-neither", REQUEST, lambda s: s.ask(credential_configuration_id=None)),
    ("I4", PROOF, lambda s: s.ask(proofs=None)),
    ("I4-empty", PROOF, lambda s: s.ask(proofs={})),
    ("I4-two-types", PROOF, lambda s: s.ask(proofs={"jwt": ["a"], "attestation": ["b"]})),
    ("I5-proof", REQUEST, lambda s: s.ask(proof={"proof_type": "jwt", "jwt": "a"})),
    ("I5-format", REQUEST, lambda s: s.ask(format="dc+sd-jwt")),
    ("I6-unknown", NONCE, lambda s: s.prove(s.proof(nonce="abc"))),
    ("I6-altered", NONCE, lambda s: s.prove(s.proof(nonce=altered(s.world.nonce())))),
    ("I6-another-issuers", NONCE, lambda s: s.prove(other_nonce(s))),
    ("I6-old", NONCE, lambda s: s.prove(old_nonce(s))),
    (
        "I6-different-ones",
        NONCE,
        lambda s: s.prove(
            s.proof(),
            make_proof_jwt(s.keys[1], s.world.identifier(), s.world.nonce(), s.world.clock.now()),
        ),
    ),
    ("I7", PROOF, lambda s: s.prove(tampered(s.proof()))),
    ("I7-another-key", PROOF, lambda s: s.prove(s.proof(signer=s.keys[1]))),
    ("I8", PROOF, lambda s: s.prove(s.proof(header={"typ": "JWT"}))),
    (
        "I9-private",
        PROOF,
        lambda s: s.prove(s.proof(header={"jwk": {**s.keys[0].public_key.to_jwk(), "d": "AA"}})),
    ),
    ("I9-kid-and-jwk", PROOF, lambda s: s.prove(s.proof(header={"kid": "did:jwk:a#0"}))),
    ("I9-x5c-and-jwk", PROOF, lambda s: s.prove(s.proof(header={"x5c": ["AA"]}))),
    ("I9-x5c-junk", PROOF, lambda s: s.prove(s.proof(header={"x5c": ["AA"], "jwk": None}))),
    (
        "I9-x5c-and-kid",
        PROOF,
        lambda s: s.prove(s.proof(header={"x5c": ["AA"], "kid": "did:jwk:a#0", "jwk": None})),
    ),
    ("I10", PROOF, lambda s: s.prove(s.proof(aud="https://other.example"))),
    ("I10-tenant", PROOF, lambda s: s.prove(s.proof(aud=s.world.identifier(tenant=OTHER)))),
    ("I11", PROOF, lambda s: s.prove(tampered(s.world.attest(s.keys)), kind="attestation")),
    ("I11-header", PROOF, lambda s: s.with_header(tampered(s.world.attest(s.keys)))),
    (
        "I11-anchor",
        PROOF,
        lambda s: s.attested(signer=s.world.authorities.signer(TENANT, "issuer")),
    ),
    ("I11-self-made", PROOF, lambda s: s.attested(signer=s.keys[0])),
    ("I12-expired", PROOF, lambda s: s.attested(expires_at=s.world.clock.now() - 60)),
    ("I12-old", PROOF, lambda s: s.attested(expires_at=None, issued_at=s.world.clock.now() - 361)),
    ("I12-revoked", PROOF, lambda s: s.attested(status=listed(s))),
    ("I12-no-list", PROOF, lambda s: s.attested(status=StatusPlace(LIST, 0))),
    (
        "I12-list-of-another",
        PROOF,
        lambda s: s.attested(
            status=replace(listed(s, s.world.authorities.signer(TENANT, "issuer")), index=1)
        ),
    ),
    ("I12-beyond-the-list", PROOF, lambda s: s.attested(status=replace(listed(s), index=16))),
    ("I12-other-keys", PROOF, lambda s: s.with_header(s.world.attest(s.keys[1:]))),
    ("I12-no-end", PROOF, lambda s: s.with_header(s.world.attest(s.keys, expires_at=None))),
    ("I12-no-nonce", PROOF, lambda s: s.attested(nonce=None)),
    ("I12-old-nonce", NONCE, lambda s: s.attested(nonce="abc")),
    (
        "I13-enc",
        ENC,
        lambda s: s.encrypted({"jwk": wallet_jwk(), "enc": "A128CBC-HS256"}),
    ),
    (
        "I13-alg",
        ENC,
        lambda s: s.encrypted({"jwk": wallet_jwk(), "enc": "A128GCM", "alg": "UNSUPPORTED_ALG"}),
    ),
    (
        "I13-zip",
        ENC,
        lambda s: s.encrypted({"jwk": wallet_jwk(), "enc": "A128GCM", "zip": "DEF"}),
    ),
    ("I13-key", ENC, lambda s: s.encrypted(None, kid="another")),
    (
        "I14",
        ENC,
        lambda s: s.ask(credential_response_encryption={"jwk": wallet_jwk(), "enc": "A128GCM"}),
    ),
]


@pytest.mark.parametrize(("code", "attempt"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_a_bad_credential_request(scene: Scene, code: str, attempt: Attempt) -> None:
    with scene.world.refused(f"credential.{code}"):
        answer = attempt(scene)
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.json()["error_description"].isascii()
    # What was refused has used nothing up.
    assert scene.prove(scene.proof()).status_code == 200


def test_a_nonce_is_used_once_i6(scene: Scene) -> None:
    again = used_nonce(scene)
    with scene.world.refused("credential.invalid_nonce"):
        answer = scene.prove(again)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_nonce")


def test_encryption_that_is_required_i13(scene: Scene) -> None:
    scene.world = scene.world.rebuilt(encryption_required=True)
    for attempt in (scene.ask, lambda: scene.encrypted(None)):
        with scene.world.refused("credential.invalid_encryption_parameters"):
            answer = attempt()
        assert (answer.status_code, answer.json()["error"]) == (400, ENC)
    wanted = {"jwk": wallet_jwk(), "enc": "A256GCM"}
    assert scene.encrypted(wanted).headers["content-type"] == "application/jwt"


LEVELS = {"digital_id": {"key_storage": ["iso_18045_high"], "user_authentication": []}}


def test_keys_that_are_not_kept_as_required_i12(scene: Scene) -> None:
    scene.world = scene.world.rebuilt(key_attestations_required=LEVELS)
    attempts: list[Attempt] = [
        lambda s: s.prove(s.proof()),
        lambda s: s.attested(),
        lambda s: s.with_header(s.world.attest(s.keys, nonce=None)),
    ]
    for attempt in attempts:
        with scene.world.refused("credential.invalid_proof"):
            answer = attempt(scene)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_proof")
    nonce = scene.world.nonce()
    high = scene.world.attest(scene.keys, key_storage=("iso_18045_high",), nonce=nonce)
    answer = scene.prove(scene.proof(nonce=nonce, header={"key_attestation": high}))
    assert len(answer.json()["credentials"]) == 2


def test_a_token_for_another_certificate_i16(scene: Scene) -> None:
    with scene.world.refused("credential.insufficient_scope"):
        answer = scene.ask(credential_configuration_id="lease")
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


def test_a_token_of_another_municipality_i16(scene: Scene) -> None:
    world = scene.world  # noqa: F811 - the value
    proofs = world.proofs(scene.keys, world.nonce(OTHER), world.identifier(tenant=OTHER))
    body = {"credential_configuration_id": "digital_id", "proofs": {"jwt": list(proofs)}}
    codes = world.codes(OTHER)
    answer = world.ask(scene.token, body, OTHER)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert len(world.codes(OTHER)) == len(codes) + 1
    assert world.kept() == (0, 0)


def put_off(scene: Scene) -> str:
    scene.world = scene.world.rebuilt(approved_types=["digital_id"])
    answer = scene.prove(scene.proof())
    assert answer.status_code == 202, answer.text
    return str(answer.json()["transaction_id"])


def later(world: World, token: str, transaction: str) -> httpx.Response:  # noqa: F811 - the value
    headers = {"authorization": f"Bearer {token}"}
    return world.post("deferred", json={"transaction_id": transaction}, headers=headers)


def test_an_unknown_transaction_i25(scene: Scene) -> None:
    put_off(scene)
    with scene.world.refused("credential.invalid_transaction_id"):
        answer = later(scene.world, scene.token, "unknown")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_transaction_id")


def test_a_used_transaction_i25(scene: Scene) -> None:
    transaction = put_off(scene)
    scene.world.call("POST", f"deferrals/{transaction}/approve")
    assert later(scene.world, scene.token, transaction).status_code == 200
    with scene.world.refused("credential.invalid_transaction_id"):
        answer = later(scene.world, scene.token, transaction)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_transaction_id")


def test_a_transaction_of_another_token_i26(scene: Scene) -> None:
    transaction = put_off(scene)
    scene.world.call("POST", f"deferrals/{transaction}/approve")
    stranger = scene.world.redeem(scene.world.offer(scene.world.people()[1]))
    with scene.world.refused("credential.invalid_transaction_id"):
        answer = later(scene.world, stranger, transaction)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_transaction_id")
    with scene.world.refused("credential.invalid_token"):
        assert later(scene.world, "unknown", transaction).status_code == 401


def notify(scene: Scene, token: str | None = None, **changes: object) -> httpx.Response:
    body = {"notification_id": "unknown", "event": "credential_accepted"} | changes
    headers = {"authorization": f"Bearer {token or scene.token}"}
    return scene.world.post("notification", json=body, headers=headers)


def test_bad_notifications_i27(scene: Scene) -> None:
    name = scene.prove(scene.proof()).json()["notification_id"]
    stranger = scene.world.redeem(scene.world.offer(scene.world.people()[1]))
    for code, more in (
        ("invalid_notification_id", {}),
        ("invalid_notification_id", {"notification_id": name, "token": stranger}),
        ("invalid_notification_request", {"event": "credential_lost"}),
        ("invalid_notification_request", {"notification_id": None}),
    ):
        with scene.world.refused(f"credential.{code}"):
            answer = notify(scene, **more)
        assert (answer.status_code, answer.json()["error"]) == (400, code)
    with scene.world.refused("credential.invalid_token"):
        assert notify(scene, "unknown", notification_id=name).status_code == 401
    assert scene.world.count(NotificationRow) == 0
    assert [notify(scene, notification_id=name).status_code for _ in range(3)] == [204] * 3
    assert scene.world.count(NotificationRow) == 1


def test_unknown_members_are_ignored_i28(scene: Scene) -> None:
    proof = scene.proof(more=1, header={"new": "x"})
    answer = scene.world.proved(scene.token, {"jwt": [proof]}, more={"a": [1]})
    assert answer.status_code == 200
    name = answer.json()["notification_id"]
    assert notify(scene, notification_id=name, more=1).status_code == 204


def test_unknown_members_are_ignored_where_it_was_put_off_and_encrypted_i28(scene: Scene) -> None:
    wanted = {"jwk": {**wallet_jwk(), "odd": 1}, "enc": "A128GCM", "odd": 2}
    assert scene.encrypted(wanted).status_code == 200
    scene = replace(scene, token=scene.world.redeem(scene.world.offer(scene.world.people()[1])))
    scene.keys = [generate_p256("a"), generate_p256("b")]
    transaction = put_off(scene)
    scene.world.call("POST", f"deferrals/{transaction}/approve")
    headers = {"authorization": f"Bearer {scene.token}"}
    body = {"transaction_id": transaction, "odd": 1}
    assert scene.world.post("deferred", json=body, headers=headers).status_code == 200


def test_a_code_gives_only_what_it_is_for_i29(scene: Scene) -> None:
    made = scene.world.offer(scene.world.people()[1])
    token = scene.world.redeem(made)
    with scene.world.refused("credential.insufficient_scope"):
        answer = scene.world.proved(
            token, {"jwt": [scene.proof()]}, credential_configuration_id="household_income"
        )
    assert answer.status_code == 403


def test_copies_are_not_in_sequence_and_share_no_second_i30(world: World) -> None:  # noqa: F811
    indexes, times = [], set()
    for person in world.people()[:6]:
        copies = world.digital_id(person, [generate_p256("holder") for _ in range(4)])
        payloads = [payload_of(copy) for copy in copies]
        indexes += [each["status"]["status_list"]["idx"] for each in payloads]
        times |= {each["iat"] % 3600 for each in payloads}
        world.clock.advance(7)
    steps = [after - before for before, after in pairwise(indexes)]
    assert len({*indexes}) == len(indexes)
    assert sum(abs(step) == 1 for step in steps) <= 2
    assert len({*steps}) > len(steps) // 2
    assert times == {0}


def test_an_officer_of_another_municipality_i31(scene: Scene) -> None:
    copy = scene.prove(scene.proof()).json()["credentials"][0]["credential"]
    world, digest = scene.world, payload_of(copy)["status"]["status_list"]["idx"]  # noqa: F811
    answer = world.set_status(copy, "invalid", tenant=OTHER)
    assert answer.status_code == 404
    assert world.codes(OTHER)[-1] == "status.refused.unknown_credential"
    assert isinstance(digest, int)
    transaction = put_off(replace(scene, token=world.redeem(world.offer(world.people()[1])),
                                  keys=[generate_p256("a"), generate_p256("b")]))  # fmt: skip
    world = world.rebuilt(approved_types=["digital_id"])
    refused = world.call("POST", f"deferrals/{transaction}/approve", tenant=OTHER)
    assert refused.status_code == 404
    assert world.codes(OTHER)[-1] == "deferral.refused.unknown"
    with world.session() as session:
        assert session.get(DeferralRow, transaction).state == "waiting"  # type: ignore[union-attr] # it is there
