from collections.abc import Sequence
from itertools import pairwise

import pytest
from sqlmodel import select

from issuer.issuance.store import AnswerRow
from issuer.status.store import CredentialRow
from madang.core.catalog import metadata
from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.type_metadata import matches
from madang.core.formats.sd_jwt.verify import process
from madang.core.keys.signing import Signer, checker_for
from madang.core.keys.software import generate_p256
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.trust.x509 import san_uris, validate_chain
from madang.infra.outbox import OutboxRow
from tests.unit.issuer.world import DAY, OTHER, TENANT, World, digest_of, holder_of, payload_of


@pytest.fixture
def token(world: World) -> str:
    return world.redeem(world.offer(world.people()[0]))


class TestCopies:
    def test_each_is_bound_to_the_key_of_its_proof(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        copies = world.digital_id(world.people()[0], holder_keys)
        assert [holder_of(copy) for copy in copies] == [
            key.public_key.thumbprint() for key in holder_keys
        ]

    def test_the_signature_is_that_of_a_certified_issuer(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        for copy in world.digital_id(world.people()[0], holder_keys):
            signed = parse(copy).issuer_jws
            chain = jws.decode_chain(signed.header)
            key = validate_chain(chain, world.authorities.anchors(TENANT), now=world.clock.now())
            assert jws.verify(signed, checker_for(key))
            assert world.identifier() in san_uris(chain[0])
            assert signed.header["typ"] == "dc+sd-jwt"
            assert signed.header["kid"] == world.authorities.signer(TENANT, "issuer").key_id

    def test_they_hold_what_the_register_says_and_conceal_it(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        person = world.people()[0]
        copy = world.digital_id(person, holder_keys)[0]
        record = world.register.record(TENANT, person, DAY)
        disclosed = process(parse(copy))
        assert disclosed["name"] == record["person"]["name"]
        assert disclosed["attested_by"] == "한빛시"
        assert "name" not in payload_of(copy)

    def test_their_payloads_name_issuer_type_and_status(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        payload = payload_of(world.digital_id(world.people()[0], holder_keys)[0])
        kind = world.deps.catalogue.types["digital_id"]
        vct = world.deps.catalogue.vct(world.deps.addresses, "digital_id")
        assert payload["iss"] == world.identifier()
        assert payload["vct"] == vct
        assert matches(metadata.encode(kind, vct), payload["vct#integrity"])
        served = world.client.get(vct.removeprefix("https://id.hanbit.example"))
        assert matches(served.content, payload["vct#integrity"])
        assert payload["status"]["status_list"]["uri"] == f"{world.identifier()}/statuslists/1"

    def test_times_are_of_the_hour_so_that_copies_are_not_linked(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        copies = world.digital_id(world.people()[0], holder_keys)
        times = {(payload_of(copy)["iat"], payload_of(copy)["exp"]) for copy in copies}
        ((issued_at, expires_at),) = times
        days = world.deps.catalogue.types["digital_id"].validity_days
        assert issued_at % 3600 == 0
        assert 0 <= world.clock.now() - issued_at < 3600
        assert expires_at == issued_at + days * 86_400

    def test_status_indexes_are_drawn_and_not_handed_out_in_sequence(self, world: World) -> None:
        indexes = []
        for person in world.people()[:8]:
            keys = [generate_p256("holder") for _ in range(4)]
            copies = world.digital_id(person, keys)
            indexes += [payload_of(copy)["status"]["status_list"]["idx"] for copy in copies]
        steps = {b - a for a, b in pairwise(indexes)}
        assert len(set(indexes)) == 32
        assert len(steps) > 28
        assert any(step < 0 for step in steps)
        assert all(0 <= index < world.settings.status_list_size for index in indexes)

    def test_they_share_no_salt_digest_or_index(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        copies = world.digital_id(world.people()[0], holder_keys)
        salts = [each.salt for copy in copies for each in parse(copy).disclosures]
        assert len(set(salts)) == len(salts)
        assert all(len(base64url.decode(salt)) >= 16 for salt in salts)

    def test_the_record_holds_no_claim_and_the_outbox_an_entry_for_each(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        person = world.people()[0]
        copies = world.digital_id(person, holder_keys)
        name = str(world.register.record(TENANT, person, DAY)["person"]["name"])
        with world.session() as session:
            rows = session.exec(select(CredentialRow)).all()
            entries = session.exec(select(OutboxRow)).all()
        assert {row.digest for row in rows} == {digest_of(copy) for copy in copies}
        assert {row.holder for row in rows} == {holder_of(copy) for copy in copies}
        assert {row.person for row in rows} == {person}
        assert name not in repr([row.model_dump() for row in rows])
        assert {base64url.decode(e.digest) for e in entries} == {row.digest for row in rows}
        assert {e.key for e in entries} == {row.id for row in rows}
        assert all(len(base64url.decode(e.salt)) >= 16 for e in entries)
        assert all(e.hour % 3600 == 0 and e.kind == "credential" for e in entries)


class TestRepetition:
    def test_the_same_request_gets_the_same_copies(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        first = world.fetch(token, "digital_id", holder_keys)
        kept = world.kept()
        again = world.fetch(token, "digital_id", holder_keys)
        assert again.status_code == 200
        assert again.json() == first.json()
        assert world.kept() == kept

    def test_in_the_order_of_the_proofs(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        first = world.fetch(token, "digital_id", holder_keys).json()["credentials"]
        again = world.fetch(token, "digital_id", holder_keys[::-1]).json()["credentials"]
        assert again == first[::-1]

    def test_other_keys_get_nothing(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        world.fetch(token, "digital_id", holder_keys)
        with world.refused("credential.credential_request_denied"):
            answer = world.fetch(token, "digital_id", holder_keys[:2])
        assert (answer.status_code, answer.json()["error"]) == (400, "credential_request_denied")

    def test_the_kept_answer_is_sealed_and_over_with_the_token(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        answer = world.fetch(token, "digital_id", holder_keys)
        with world.session() as session:
            row = session.exec(select(AnswerRow)).one()
        compact = answer.json()["credentials"][0]["credential"]
        assert compact.encode()[:40] not in row.sealed
        assert row.until == world.clock.now() + 300
        world.clock.advance(300)
        with world.refused("credential.invalid_token"):
            late = world.fetch(token, "digital_id", holder_keys)
        assert late.status_code == 401


class TestToken:
    def test_none_is_refused(self, world: World) -> None:
        with world.refused("credential.invalid_token"):
            answer = world.post("credential", json={})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith('Bearer, DPoP algs="')
        assert "error" not in answer.headers["www-authenticate"]

    def test_an_unknown_one_is_refused(self, world: World, holder_keys: Sequence[Signer]) -> None:
        with world.refused("credential.invalid_token"):
            assert world.fetch("unknown", "digital_id", holder_keys).status_code == 401

    def test_in_the_address_it_is_refused(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        body = CredentialRequest("digital_id", None, world.proofs(holder_keys, world.nonce()))
        with world.refused("credential.invalid_request"):
            answer = world.post(f"credential?access_token={token}", json=body.to_json())
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_for_another_type_it_is_refused(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        with world.refused("credential.insufficient_scope"):
            answer = world.fetch(token, "lease", holder_keys)
        assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")

    def test_of_another_municipality_it_is_refused(
        self, world: World, holder_keys: Sequence[Signer], token: str
    ) -> None:
        other = world.identifier(tenant=OTHER)
        proofs = world.proofs(holder_keys, world.nonce(OTHER), other)
        body = CredentialRequest("digital_id", None, proofs).to_json()
        with world.refused("credential.invalid_token", OTHER):
            answer = world.ask(token, body, OTHER)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


class TestBinding:
    def test_a_key_without_a_digital_id_is_denied(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        copies = world.digital_id(world.people("lease")[0], holder_keys)
        token = world.redeem(world.certificates(copies[0], "lease").json())
        for keys in ([generate_p256("new")], [holder_keys[0], generate_p256("new")]):
            with world.refused("credential.credential_request_denied"):
                answer = world.fetch(token, "lease", keys)
            assert (answer.status_code, answer.json()["error"]) == (
                400,
                "credential_request_denied",
            )
        assert world.fetch(token, "lease", holder_keys).status_code == 200

    def test_another_persons_key_is_denied(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        first, second = world.people("lease")[:2]
        others = [generate_p256(f"other-{number}") for number in range(2)]
        copies = world.digital_id(first, holder_keys)
        world.digital_id(second, others)
        token = world.redeem(world.certificates(copies[0], "lease").json())
        with world.refused("credential.credential_request_denied"):
            answer = world.fetch(token, "lease", [holder_keys[0], others[0]])
        assert answer.json()["error"] == "credential_request_denied"

    def test_a_key_proves_the_identity_of_one_person(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        first, second = world.people()[:2]
        world.digital_id(first, holder_keys)
        token = world.redeem(world.offer(second))
        with world.refused("credential.credential_request_denied"):
            answer = world.fetch(token, "digital_id", holder_keys[:1])
        assert answer.json()["error"] == "credential_request_denied"

    @pytest.mark.parametrize("status", ["suspended", "invalid"])
    def test_a_digital_id_that_is_not_valid_binds_nothing(
        self, world: World, holder_keys: Sequence[Signer], status: str
    ) -> None:
        copies = world.digital_id(world.people("lease")[0], holder_keys)
        token = world.redeem(world.certificates(copies[0], "lease").json())
        world.set_status(copies[0], status)
        with world.refused("credential.credential_request_denied"):
            answer = world.fetch(token, "lease", holder_keys)
        assert answer.json()["error"] == "credential_request_denied"
