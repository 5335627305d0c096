"""One city in memory: a verifier, an issuer, a stranger's authority and a holder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count

from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue
from madang.core.formats.sd_jwt.present import present
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.protocol.dcql.model import DcqlQuery, parse_query
from madang.core.protocol.dcql.path import ClaimsPath
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.client_id import ClientId, x509_hash_client_id
from madang.core.protocol.oid4vp.presented import Policy
from madang.core.protocol.oid4vp.request import Delivery, RequestObject, Session, build_request
from madang.core.protocol.oid4vp.status_check import StatusLookup
from madang.core.protocol.oid4vp.verdict import StatusSource
from madang.core.protocol.oid4vp.verifier_info import Registration
from madang.core.status.token_status_list import StatusList
from madang.core.trust.model import Attester, TrustList
from madang.infra import ca
from tests.accreditations import trust_of

NOW = 1_780_000_000
ISSUER = "https://mapo.example/mapo/issuer"
VERIFIER = "https://mapo.example/mapo/verifier"
VCT = {name: f"{ISSUER}/vct/{name}/1" for name in ("id", "lease")}
DOC_TYPE = "example.mapo.id.licence.1"
LISTS = f"{ISSUER}/statuslists/1"
PURPOSE = "youth_rent"
TEXTS = {"en": "Youth rent support", "ko": "청년월세 지원"}
RECORDS: dict[str, dict[str, object]] = {
    "id": {"name": "Kim Mina", "birth": "1996-03-01", "languages": ["ko", "en", "ja"]},
    "lease": {"rent": 480000, "landlord": {"name": "Lee", "phone": "010"}},
}
PATHS: dict[str, list[ClaimsPath]] = {
    "id": [("name",), ("birth",), ("languages", None)],
    "lease": [("rent",), ("landlord", "name"), ("landlord", "phone")],
}


def named_signer(authority: ca.Authority, uri: str) -> SoftwareSigner:
    """Return a service's signer with leaf and intermediate."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = ca.leaf(authority, key.public_key(), "leaf", uri=uri, dns="mapo.example", now=NOW)
    return SoftwareSigner(key, "k1", (leaf, authority.der))


def authority() -> tuple[bytes, ca.Authority]:
    """Return a root's DER and an intermediate below it."""
    top = ca.root(ec.generate_private_key(ec.SECP256R1()), "root", now=NOW)
    below = ca.intermediate(top, ec.generate_private_key(ec.SECP256R1()), "city", now=NOW)
    return top.der, below


@dataclass(frozen=True, repr=False)
class City:
    """Everybody who takes part, and short words for what they do."""

    root: bytes
    foreign_root: bytes
    issuer: Signer
    verifier: Signer
    stranger: Signer
    holder: Signer
    other_holder: Signer

    @property
    def client_id(self) -> ClientId:
        return x509_hash_client_id(self.verifier.certificate_chain[0])

    @property
    def trust(self) -> TrustList:
        attester = Attester(ISSUER, "mapo", (self.root,))
        by_type = dict.fromkeys((*VCT.values(), DOC_TYPE), (attester,))
        return trust_of(by_type, {vct: name for name, vct in VCT.items()} | {DOC_TYPE: "licence"})

    @property
    def policy(self) -> Policy:
        return Policy(self.trust, NOW)

    def policy_with(self, **changes: object) -> Policy:
        return replace(self.policy, **changes)

    def credential(
        self,
        name: str,
        *,
        signer: Signer | None = None,
        holder: Signer | None = None,
        header: Mapping[str, object] | None = None,
        **changes: object,
    ) -> str:
        """Issue a credential; a change to None takes the claim away."""
        by, bound_to = signer or self.issuer, holder or self.holder
        members: dict[str, object] = {
            "iss": ISSUER,
            "vct": VCT[name],
            "iat": NOW - 1000,
            "exp": NOW + 1000,
            "cnf": {"jwk": bound_to.public_key.to_jwk()},
            "status": {"status_list": {"uri": LISTS, "idx": 7}},
            "level": "high",
            **RECORDS[name],
            **changes,
        }
        payload = {key: value for key, value in members.items() if value is not None}
        frame = SdFrame.of([path for path in PATHS[name] if path[0] in payload])
        known = {"typ": "dc+sd-jwt", "x5c": jws.encode_chain(by.certificate_chain)}
        used = {**known, **(header or {})}
        salts = (f"salt-{number}" for number in count())
        return issue(payload, frame, signer=by, header=used, salts=salts).compact

    def presentation(
        self,
        name: str,
        *paths: ClaimsPath,
        text: str | None = None,
        holder: Signer | None = None,
        audience: str | None = None,
        nonce: str = "n-1",
        issued_at: int = NOW,
    ) -> str:
        """Present a credential to the verifier."""
        return present(
            text or self.credential(name),
            paths,
            holder=holder or self.holder,
            audience=audience or str(self.client_id),
            nonce=nonce,
            issued_at=issued_at,
        )

    def asked(self, query: DcqlQuery, *, state: str | None = "s-1") -> Asked:
        return Asked(query, str(self.client_id), "n-1", state)

    def statuses(self, *names: str, value: int = 0) -> dict[StatusSource, StatusLookup]:
        """Return a list in which every credential of the city stands as told."""
        statuses = StatusList.of_size(64)
        statuses.set(7, value)
        types = {**VCT, "lic": DOC_TYPE}
        return {StatusSource(LISTS, types[name], ISSUER): statuses for name in names}

    def request(self, query: DcqlQuery | None = None, **session: object) -> RequestObject:
        """Build a request whose encryption key the tests hold."""
        known = {
            "nonce": "n-1",
            "state": "s-1",
            "encryption_key": public_jwk(),
            "issued_at": NOW,
            "expires_at": NOW + 300,
        }
        return build_request(
            self.client_id,
            query or query_for("id", "name"),
            Session(**(known | session)),
            Delivery("direct_post.jwt", f"{VERIFIER}/response/1"),
            registration=Registration(VERIFIER, PURPOSE, TEXTS),
        )


_ENCRYPTION = ec.generate_private_key(ec.SECP256R1())


def public_jwk() -> dict[str, str]:
    """Return the request's encryption key."""
    return {**SoftwareSigner(_ENCRYPTION, "e1").public_key.to_jwk(), "kid": "e1"}


def private_jwks() -> dict[str, dict[str, str]]:
    """Return the verifier's private keys for the request."""
    number = _ENCRYPTION.private_numbers().private_value.to_bytes(32, "big")
    return {"e1": {**public_jwk(), "d": base64url.encode(number)}}


def query_for(name: str, *members: str, **changes: object) -> DcqlQuery:
    """Return a query for top-level members of one credential."""
    return parse_query({"credentials": [asked_credential(name, *members, **changes)]})


def asked_credential(name: str, *members: str, **changes: object) -> dict[str, object]:
    """Return one credential query."""
    claims = {"claims": [{"path": [member]} for member in members]} if members else {}
    meta = {"vct_values": [VCT[name]]}
    return {"id": name, "format": "dc+sd-jwt", "meta": meta, **claims, **changes}


def both(**changes: object) -> DcqlQuery:
    """Return a query for two credentials."""
    asked = [asked_credential("id", "name"), asked_credential("lease", "rent")]
    return parse_query({"credentials": asked, **changes})


def with_malformed_subject(leaf: bytes) -> bytes:
    """Return a certificate that loads, and whose names cannot be read."""
    place = leaf.rindex(b"leaf") - 2  # the tag of the common name in the subject
    return leaf[:place] + b"\0" + leaf[place + 1 :]


def unsigned(text: str, **members: object) -> str:
    """Return a compact JWT's payload with members changed, under the old signature."""
    head, body, signature = text.split(".")
    claims = {**json.loads(base64url.decode(body)), **members}
    return f"{head}.{base64url.encode(json.dumps(claims).encode())}.{signature}"


def found_city() -> City:
    """Make all keys and certificates anew."""
    root, below = authority()
    foreign_root, foreign = authority()
    return City(
        root=root,
        foreign_root=foreign_root,
        issuer=named_signer(below, ISSUER),
        verifier=named_signer(below, VERIFIER),
        stranger=named_signer(foreign, ISSUER),
        holder=generate_p256("holder-0"),
        other_holder=generate_p256("holder-1"),
    )
