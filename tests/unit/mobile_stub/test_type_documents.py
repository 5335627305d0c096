"""What arrives obeys the rules of its type, or is not kept; silence costs no certificate."""

import asyncio
import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import httpx
import pytest

from madang.core.encoding import base64url
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.present import present
from madang.core.formats.sd_jwt.type_extension import MAX_EXTENDS
from madang.core.formats.sd_jwt.type_metadata import MAX_BYTES, integrity
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import generate_p256
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.type_documents import TypeDocuments
from tests.unit.mobile_stub.world import NOW, VCT, Issuer, Net, World, credential, run

TYPE = VCT["digital_id"]
PARENT = "https://state.example/vct/id/1"
RULES: list[dict[str, Any]] = [
    {"path": ["name"], "sd": "always", "mandatory": True},
    {"path": ["birth_year"], "sd": "always"},
]
GOOD: dict[str, Any] = {"vct": TYPE, "claims": RULES}


def encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()


def serve(net: Net, body: Any, *, at: str = TYPE, status: int = 200) -> None:
    """Serve a document; an exception is raised in place of an answer."""

    def answer(_request: httpx.Request) -> tuple[int, Any]:
        if isinstance(body, Exception):
            raise body
        return status, body

    net.routes["GET", at] = answer


def receive(world: World) -> str | None:
    """Accept a Digital ID; return what the wallet says to a refusal."""
    scan = run(world.wallet.open(Issuer.link()))
    try:
        run(world.wallet.receiver.accept(world.vault.scan(scan.id), "1234", NOW))
    except WalletError as error:
        assert world.vault.copies() == []
        return str(error)
    assert len(world.vault.copies()) == 3
    return None


def asked(world: World, address: str = TYPE) -> int:
    return sum(str(each.url) == address for each in world.net.sent)


def hashed(document: bytes) -> Any:
    """Return an issuer's work that carries the hash of a document."""
    return lambda name, key: credential(name, key, **{"vct#integrity": integrity(document)})


@pytest.mark.parametrize("issued", [hashed(encoded(GOOD)), credential])
def test_what_obeys_is_kept_and_the_document_fetched_once(
    issued: Callable[[str, PublicKey], str], world: World, issuer: Issuer
) -> None:
    serve(world.net, encoded(GOOD))
    issuer.issued = issued
    assert receive(world) is None
    assert asked(world) == 1
    (sent,) = [each for each in world.net.sent if str(each.url) == TYPE]
    assert "authorization" not in sent.headers


RULE_BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a mandatory claim lacks": ({"path": ["region"], "mandatory": True}, "claim_mandatory"),
    "a claim cannot be withheld": ({"path": ["iss"], "sd": "always"}, "claim_sd_always"),
    "a claim must stay in clear": ({"path": ["birth_year"], "sd": "never"}, "claim_sd_never"),
    "a claim has another shape": ({"path": ["name", "family"]}, "claim_path"),
}


@pytest.mark.parametrize("name", RULE_BROKEN)
def test_what_breaks_a_rule_is_not_kept(name: str, world: World, issuer: Issuer) -> None:
    rule, code = RULE_BROKEN[name]
    rules = [each for each in RULES if each["path"] != rule["path"]]
    serve(world.net, encoded({"vct": TYPE, "claims": [*rules, rule]}))
    assert issuer.batch
    assert receive(world) == f"credential_refused: it does not obey the rules of its type: {code}"


def test_digests_that_are_left_excuse_nothing(world: World, issuer: Issuer) -> None:
    """The holder has every disclosure, so a digest without one is a decoy."""

    def short(name: str, key: PublicKey) -> str:
        head, *disclosures, end = credential(name, key).split("~")
        kept = [each for each in disclosures if b"Kim Mina" not in base64url.decode(each)]
        assert len(kept) == len(disclosures) - 1
        return "~".join([head, *kept, end])

    issuer.issued = short
    serve(world.net, encoded(GOOD))
    assert "claim_mandatory" in str(receive(world))


DOCUMENT_WRONG: dict[str, tuple[bytes, str]] = {
    "another than was hashed": (encoded({**GOOD, "name": "corrected"}), "type_metadata_integrity"),
    "not JSON": (b"<html>", "type_metadata_integrity"),
}


@pytest.mark.parametrize("name", DOCUMENT_WRONG)
def test_a_document_that_was_not_hashed_refuses(name: str, world: World, issuer: Issuer) -> None:
    document, code = DOCUMENT_WRONG[name]
    issuer.issued = hashed(encoded(GOOD))
    serve(world.net, document)
    assert code in str(receive(world))
    serve(world.net, encoded(GOOD))
    assert receive(world) is None


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"<html>", "malformed_type_metadata"),
        (encoded({**GOOD, "vct": PARENT}), "type_metadata_vct"),
        (encoded({**GOOD, "pad": "x" * MAX_BYTES}), "malformed_type_metadata"),
        (b" " * 2_000_001, "answer_too_large"),
    ],
)
def test_a_document_that_is_none_refuses_without_a_hash_too(
    document: bytes, code: str, world: World, issuer: Issuer
) -> None:
    serve(world.net, document)
    assert issuer.batch
    assert code in str(receive(world))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (None, 200),
        (httpx.ReadTimeout("slow"), 200),
        (b"", 404),
        (b"", 503),
        (encoded({"vct": TYPE, "claims": RULE_BROKEN["a mandatory claim lacks"][:1]}), 302),
    ],
)
def test_where_no_document_can_be_had_the_certificate_is_kept(
    body: Any, status: int, world: World, issuer: Issuer
) -> None:
    if body is not None:
        serve(world.net, body, status=status)
    issuer.issued = hashed(encoded(GOOD))
    assert receive(world) is None
    assert asked(world) == 1


def test_a_hash_that_is_no_text_refuses(world: World, issuer: Issuer) -> None:
    issuer.issued = lambda name, key: credential(name, key, **{"vct#integrity": 7})
    assert "malformed_integrity" in str(receive(world))
    assert asked(world) == 0


def test_copies_that_name_different_documents_refuse(world: World, issuer: Issuer) -> None:
    hashes = (f"sha256-{number}" for number in range(3))
    issuer.issued = lambda name, key: credential(name, key, **{"vct#integrity": next(hashes)})
    assert "type_metadata_differs" in str(receive(world))
    assert asked(world) == 0


def test_a_certificate_that_comes_with_a_key_binding_is_not_kept(
    world: World, issuer: Issuer
) -> None:
    binder = generate_p256("issuer's own")
    issuer.issued = lambda name, key: present(
        credential(name, key),
        [("name",), ("birth_year",)],
        holder=binder,
        audience="x",
        nonce="n",
        issued_at=NOW,
    )
    told = "credential_refused: what the issuer sent does not hold: it came with a key binding"
    assert receive(world) == told


# --- types above others


def child(parent: bytes) -> bytes:
    return encoded({"vct": TYPE, "extends": PARENT, "extends#integrity": integrity(parent)})


def test_rules_of_a_type_above_count(world: World, issuer: Issuer) -> None:
    parent = encoded({"vct": PARENT, "claims": [{"path": ["region"], "mandatory": True}]})
    issuer.issued = hashed(child(parent))
    serve(world.net, child(parent))
    serve(world.net, parent, at=PARENT)
    assert "claim_mandatory" in str(receive(world))
    serve(world.net, encoded({"vct": PARENT}), at=PARENT)
    assert "type_metadata_integrity" in str(receive(world))
    serve(world.net, b"", at=PARENT, status=404)
    assert receive(world) is None


def test_a_circle_or_too_many_types_refuse_after_bounded_fetches(
    world: World, issuer: Issuer
) -> None:
    serve(world.net, encoded({**GOOD, "extends": TYPE}))
    assert issuer.batch
    assert "type_metadata_cycle" in str(receive(world))
    addresses = [TYPE, *(f"https://state.example/{number}" for number in range(20))]
    for address, above in pairwise(addresses):
        serve(world.net, encoded({"vct": address, "extends": above}), at=address)
    before = len(world.net.sent)
    assert "type_metadata_depth" in str(receive(world))
    documents = [str(each.url) for each in world.net.sent[before:] if str(each.url) in addresses]
    assert documents == addresses[: MAX_EXTENDS + 1]


@pytest.mark.parametrize("above", ["urn:example:id", "http://127.0.0.1/x", "https://a@b/x", "x"])
def test_only_web_addresses_are_fetched(above: str, world: World, issuer: Issuer) -> None:
    serve(world.net, encoded({**GOOD, "extends": above}))
    assert issuer.batch
    assert receive(world) is None
    assert asked(world, above) == 0


class Drip(httpx.AsyncBaseTransport):
    """Answers, but never to the end."""

    async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200)


def test_nobody_waits_longer_than_told(world: World) -> None:
    held = parse(credential("digital_id", generate_p256("h").public_key))
    types = TypeDocuments(Network(world.settings, Drip()), allow_loopback_http=False, seconds=0.01)
    run(asyncio.wait_for(types.hold([held]), 5))
