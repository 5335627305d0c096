"""The wallet takes what was offered, shown and signed, and goes on where it was cut off."""

import json
from dataclasses import replace
from typing import Any

import pytest

from madang.core.formats.sd_jwt.key_binding import holder_key
from madang.core.formats.sd_jwt.model import parse
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import generate_p256
from mobile_stub.errors import WalletError
from mobile_stub.model import Scan
from tests.unit.mobile_stub.world import (
    ISSUER,
    NOW,
    STRANGER,
    VCT,
    VERIFIER_KEY,
    Issuer,
    World,
    credential,
    run,
)


def opened(world: World, *types: str) -> Scan:
    return run(world.wallet.open(Issuer.link(*types)))


def accepted(world: World, scan: Scan, code: str | None = "1234") -> list[dict[str, Any]]:
    return run(world.wallet.receiver.accept(world.vault.scan(scan.id), code, NOW))


def asked(world: World, path: str) -> int:
    return sum(str(each.url) == f"{ISSUER}/{path}" for each in world.net.sent)


def test_the_preview_tells_issuer_and_names_and_uses_no_code(world: World, issuer: Issuer) -> None:
    assert opened(world, "digital_id", "lease").preview == {
        "issuer": issuer.metadata["credential_issuer"],
        "accredited": True,
        "certificates": {"digital_id": {"en": "Digital_Id"}, "lease": {"en": "Lease"}},
        "needs_code": True,
        "needs_browser": False,
    }
    assert asked(world, "token") == 0


def test_copy_k_of_every_certificate_is_bound_to_holder_key_k(world: World, issuer: Issuer) -> None:
    results = accepted(world, opened(world, "digital_id", "lease"))
    assert [(each["type"], each["copies"]) for each in results] == [
        ("digital_id", issuer.batch),
        ("lease", issuer.batch),
    ]
    copies = world.vault.copies()
    assert len(copies) == 6
    for copy in copies:
        bound = holder_key(parse(copy.credential).payload)
        assert bound == world.vault.signer(copy.number).public_key


def with_other(issuer: Issuer) -> str:
    """Have the issuer describe a format that is unknown here; return its configuration's name."""
    known = issuer.metadata["credential_configurations_supported"]
    known["digital_id.other"] = {"format": "jwt_vc_json"}
    return "digital_id.other"


def test_what_is_offered_in_an_unknown_format_too_comes_in_its_own(
    world: World, issuer: Issuer
) -> None:
    scan = opened(world, "digital_id", with_other(issuer))
    assert set(scan.preview["certificates"]) == {"digital_id"}
    assert [each["type"] for each in accepted(world, scan)] == ["digital_id"]
    assert asked(world, "credential") == 1


def test_what_is_offered_in_unknown_formats_alone_is_told(world: World, issuer: Issuer) -> None:
    with pytest.raises(WalletError) as refused:
        opened(world, with_other(issuer))
    assert refused.value.code == "format_not_supported"


def test_a_lost_answer_is_asked_for_again_with_the_same_token_and_keys(
    world: World, issuer: Issuer
) -> None:
    scan = opened(world)
    issuer.lose = 1
    with pytest.raises(WalletError) as refused:
        accepted(world, scan)
    assert refused.value.code == "no_answer"
    accepted(world, scan, None)
    assert asked(world, "token") == 1
    bodies = [json.loads(e.content) for e in world.net.sent if str(e.url) == f"{ISSUER}/credential"]
    keys = [[parse_header(jwt)["jwk"] for jwt in body["proofs"]["jwt"]] for body in bodies]
    assert keys[0] == keys[1]


def parse_header(jwt: str) -> dict[str, Any]:
    return parse(jwt + "~").issuer_jws.header


def test_a_wrong_code_is_told_and_nothing_is_kept(world: World, issuer: Issuer) -> None:
    with pytest.raises(WalletError) as refused:
        accepted(world, opened(world), "9999")
    assert refused.value.code == "invalid_grant"
    assert asked(world, "credential") == 0
    assert world.vault.copies() == []
    assert issuer.batch


def another_key(name: str, _key: PublicKey) -> str:
    return credential(name, generate_p256("other").public_key)


BAD_CREDENTIALS = {
    "another holder's": (another_key, "credential_refused"),
    "another type's": (lambda _n, key: credential("lease", key), "credential_refused"),
    "a stranger's": (lambda n, key: credential(n, key, by=STRANGER), "issuer_not_trusted"),
    "another service's": (lambda n, key: credential(n, key, by=VERIFIER_KEY), "issuer_not_trusted"),
    "another issuer's": (lambda n, key: credential(n, key, iss="https://x"), "credential_refused"),
    "expired": (lambda n, key: credential(n, key, exp=NOW - 1000), "credential_refused"),
    "bound to nobody": (lambda n, key: credential(n, key, cnf=None), "credential_malformed"),
    "no credential": (lambda _n, _key: "x", "credential_malformed"),
}


@pytest.mark.parametrize("name", BAD_CREDENTIALS)
def test_what_is_not_what_was_offered_is_not_kept(name: str, world: World, issuer: Issuer) -> None:
    issuer.issued, code = BAD_CREDENTIALS[name]
    with pytest.raises(WalletError) as refused:
        accepted(world, opened(world))
    assert refused.value.code == code
    assert world.vault.copies() == []


BAD_ANSWERS: dict[str, tuple[str, tuple[int, Any], str]] = {
    "no credentials": ("credential", (200, {}), "invalid_response"),
    "not JSON": ("credential", (200, b"<html>"), "invalid_response"),
    "too many": ("credential", (200, {"credentials": [{"credential": "x"}] * 4}), "wrong_number"),
    "refused": ("credential", (400, {"error": "invalid_proof"}), "invalid_proof"),
    "a broken refusal": ("credential", (500, b"oops"), "invalid_response"),
    "no nonce": ("nonce", (200, {}), "invalid_response"),
    "a nonce refused": ("nonce", (500, {}), "unexpected_answer"),
    "no token": ("token", (200, {}), "invalid_response"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_is_told_by_its_code(name: str, world: World, issuer: Issuer) -> None:
    path, answer, code = BAD_ANSWERS[name]
    world.net.routes["POST", f"{ISSUER}/{path}"] = lambda _: answer
    with pytest.raises(WalletError) as refused:
        accepted(world, opened(world))
    assert refused.value.code == code
    assert world.vault.copies() == []
    assert issuer.batch


def test_metadata_of_another_issuer_is_refused(world: World, issuer: Issuer) -> None:
    issuer.metadata["credential_issuer"] = "https://elsewhere.example/issuer"
    with pytest.raises(WalletError) as refused:
        opened(world)
    assert refused.value.code == "invalid_metadata"


def test_what_the_issuer_does_not_list_is_refused(world: World, issuer: Issuer) -> None:
    with pytest.raises(WalletError) as refused:
        opened(world, "passport")
    assert refused.value.code == "unknown_configuration"
    scan = opened(world)
    del issuer.metadata["credential_configurations_supported"]["digital_id"]
    with pytest.raises(WalletError) as refused:
        accepted(world, scan)
    assert refused.value.code == "unknown_configuration"


@pytest.mark.parametrize(
    "preview", [{"issuer": "https://x"}, {"certificates": {"lease": {}, "digital_id": {}}}]
)
def test_an_offer_that_is_not_the_one_shown_is_not_taken(
    preview: dict[str, Any], world: World, issuer: Issuer
) -> None:
    scan = opened(world)
    shown = replace(scan, preview={**scan.preview, **preview})
    with pytest.raises(WalletError) as refused:
        run(world.wallet.receiver.accept(shown, "1234", NOW))
    assert refused.value.code == "offer_changed"
    assert asked(world, "token") == 0
    assert issuer.batch


def test_newer_copies_take_the_place_of_older_ones(world: World, issuer: Issuer) -> None:
    accepted(world, opened(world))
    first = {copy.digest for copy in world.vault.copies()}
    issuer.issued = lambda name, key: credential(name, key, iat=NOW - 1)
    accepted(world, opened(world))
    assert len(world.vault.copies()) == issuer.batch
    assert first.isdisjoint(copy.digest for copy in world.vault.copies())
    assert {copy.type for copy in world.vault.copies()} == {VCT["digital_id"]}
