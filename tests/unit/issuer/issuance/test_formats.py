"""One certificate in two formats: fetched by their own names, revoked together."""

from collections.abc import Sequence

import pytest
from sqlmodel import select

from issuer.status.store import CredentialRow
from madang.core.encoding import base64url
from madang.core.envelope import cose
from madang.core.formats.mdoc.model import IssuerSigned, parse_issuer_signed
from madang.core.formats.mdoc.verify import TrustedKey, verify_issued
from madang.core.keys.signing import Signer
from madang.core.trust.mdoc_certificates import attester_of
from madang.core.trust.model import Attester
from madang.infra.outbox import OutboxRow
from tests.unit.issuer.world import TENANT, World, digest_of

MDOC = "digital_id.mso_mdoc"


@pytest.fixture
def token(world: World) -> str:
    return world.redeem(world.offer(world.people()[0]))


def fetched(world: World, token: str, configuration: str, keys: Sequence[Signer]) -> list[str]:
    answer = world.fetch(token, configuration, keys)
    assert answer.status_code == 200, answer.text
    return [each["credential"] for each in answer.json()["credentials"]]


def opened(text: str) -> IssuerSigned:
    return parse_issuer_signed(base64url.decode(text))


def trusted(world: World, copy: IssuerSigned) -> TrustedKey:
    attester = Attester(world.identifier(), TENANT, tuple(world.authorities.anchors(TENANT)))
    return attester_of((attester,), cose.x5chain(copy.issuer_auth), now=world.clock.now())[1]


def rows(world: World) -> list[CredentialRow]:
    with world.session() as session:
        return list(session.exec(select(CredentialRow)))


def test_an_mdoc_comes_for_each_key_and_is_recorded(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    copies = [opened(each) for each in fetched(world, token, MDOC, holder_keys)]
    for copy, key in zip(copies, holder_keys, strict=True):
        verdict = verify_issued(copy, issuer=trusted(world, copy), now=world.clock.now())
        assert verdict.failures == ()
        assert verdict.doc_type == world.deps.catalogue.doc_type("digital_id")
        assert verdict.device_key == key.public_key
        assert verdict.status is not None
        assert verdict.status.uri == f"{world.identifier()}/statuslists/1"
    recorded = {row.digest: row for row in rows(world)}
    assert recorded.keys() == {copy.issuer_digest for copy in copies}
    assert {row.list_index for row in recorded.values()} == {
        copy.mso.status.idx for copy in copies if copy.mso.status
    }
    assert world.count(OutboxRow) == len(copies)


@pytest.mark.parametrize("configuration", ["digital_id", MDOC])
def test_a_certificate_is_fetched_once_in_each_format(
    world: World, token: str, holder_keys: Sequence[Signer], configuration: str
) -> None:
    for each in ("digital_id", MDOC):
        assert fetched(world, token, each, holder_keys)
    with world.refused("credential.credential_request_denied"):
        refused = world.fetch(token, configuration, holder_keys[:1])
    assert refused.json()["error"] == "credential_request_denied"


def test_both_formats_are_one_certificate(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    compact = fetched(world, token, "digital_id", holder_keys)[0]
    mdocs = fetched(world, token, MDOC, holder_keys)
    assert len({row.batch for row in rows(world)}) == 1
    changed = world.set_status(compact, "invalid")
    assert changed.json()["copies"] == 2 * len(mdocs)
    assert {row.status for row in rows(world)} == {"invalid"}


def test_what_was_revoked_in_one_format_is_not_issued_in_another(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    compact = fetched(world, token, "digital_id", holder_keys)[0]
    world.set_status(compact, "suspended")
    with world.refused("credential.credential_request_denied"):
        refused = world.fetch(token, MDOC, holder_keys)
    assert refused.status_code == 400
    assert refused.json()["error"] == "credential_request_denied"


def test_the_same_keys_get_the_same_mdocs_again(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    first = fetched(world, token, MDOC, holder_keys)
    assert fetched(world, token, MDOC, holder_keys) == first


def test_a_type_without_the_format_has_no_such_name(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    refused = world.fetch(token, "lease.mso_mdoc", holder_keys)
    assert refused.json()["error"] == "unknown_credential_configuration"


def test_certificates_of_two_offers_change_apart(
    world: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    first = fetched(world, token, "digital_id", holder_keys)
    again = world.redeem(world.offer(world.people()[0]))
    second = fetched(world, again, "digital_id", holder_keys)
    assert world.set_status(first[0], "invalid").json()["copies"] == len(first)
    status = {row.digest: row.status for row in rows(world)}
    assert {status[digest_of(copy)] for copy in second} == {"valid"}
