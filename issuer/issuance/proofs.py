"""The key proofs of one request: each holds, all with one nonce, no key twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from issuer.issuance.model import invalid_nonce
from issuer.types.model import Configuration
from issuer.types.rules import TypeRules
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.keys.jwk import PublicKey
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.protocol.oid4vci.di_vp import check_di_vp
from madang.core.protocol.oid4vci.errors import invalid_proof
from madang.core.protocol.oid4vci.key_attestation import KeyAttestation, check_key_attestation
from madang.core.protocol.oid4vci.names import ATTESTATION, DI_VP
from madang.core.protocol.oid4vci.proof import CheckedProof, check_proof_jwt
from madang.core.protocol.typed_jwt import ALGORITHMS, Window


@dataclass(frozen=True, slots=True)
class ProofPolicy:
    """For whom proofs have to be, how old they may be in seconds, and whom attestations come from.

    Attributes:
        audience: the issuer's identifier.
        max_age: seconds.
        max_skew: seconds.
        anchors: DER of the roots of providers whose key attestations count.
        batch_size: most keys in one request.
    """

    audience: str
    max_age: int
    max_skew: int
    anchors: Sequence[bytes]
    batch_size: int

    def window(self, now: int) -> Window:
        """Return when a proof counts."""
        return Window(now, self.max_age, self.max_skew)


@dataclass(frozen=True, slots=True)
class ProvedKeys:
    """Holder keys whose possession was proved, or which a provider attests.

    Attributes:
        by_thumbprint: those that were proved in the order of their proofs, then those attested.
        nonce: the one in all proofs and attestations, to be consumed.
        proof_type: of the proofs.
        issuers: what the proofs name in ``iss``.
        named: whether any key was named by a DID.
        attestations: by which keys are attested, each once.
        attested: whether every key is in an attestation.
    """

    by_thumbprint: dict[str, PublicKey]
    nonce: str
    proof_type: str
    issuers: frozenset[str] = frozenset()
    named: bool = False
    attestations: tuple[KeyAttestation, ...] = ()
    attested: bool = False

    @property
    def thumbprints(self) -> tuple[str, ...]:
        """Return the thumbprints in the order of the proofs."""
        return tuple(self.by_thumbprint)

    def meant_for(self, wanted: Configuration, rules: TypeRules, client_id: str | None) -> None:
        """Hold the proofs to what is asked for a certificate type in its format.

        Raises:
            CredentialError: invalid_proof.
        """
        if self.proof_type not in rules.proof_types(wanted):
            raise invalid_proof(f"proofs of type {self.proof_type} are not taken for this")
        if self.named and wanted.format == MSO_MDOC:
            raise invalid_proof("an mdoc is bound to a key in the header jwk, not to a DID")
        if client_id is not None and self.issuers - {client_id}:
            raise invalid_proof("the claim iss should be the wallet's client_id")
        rule = rules.key_rule(wanted.type.id)
        if rule is None:
            return
        if not self.attested:
            raise invalid_proof("this certificate needs a key attestation for every key")
        if not all(rule.accepts(each) for each in self.attestations):
            raise invalid_proof("the key attestation says less than key_attestations_required")


def check_proofs(request: CredentialRequest, policy: ProofPolicy, *, now: int) -> ProvedKeys:
    """Check all key proofs of a request (OpenID4VCI 1.0 appendix F.4).

    Raises:
        CredentialError: invalid_proof, or invalid_nonce where the nonces differ.
    """
    if request.proof_type == ATTESTATION:
        return _attested(_attestation(request.proofs[0], policy, now), policy)
    checked = [_checked(request.proof_type, proof, policy, now) for proof in request.proofs]
    keys = {each.key.thumbprint(): each.key for each in checked}
    if len(keys) < len(checked):
        raise invalid_proof("every key proof needs a key of its own")
    if any(each.key.algorithm not in ALGORITHMS for each in checked):
        raise invalid_proof("certificates are bound to keys on P-256 and Ed25519")
    texts = dict.fromkeys(each.key_attestation for each in checked if each.key_attestation)
    by_text = {text: _attestation(text, policy, now) for text in texts}
    for each in checked:
        _check_header(each, by_text)
    more = {key.thumbprint(): key for found in by_text.values() for key in found.keys}
    return ProvedKeys(
        by_thumbprint=dict(islice((keys | more).items(), policy.batch_size)),
        # A proof by an attested key is fresh by its own nonce, so the attestation may lack one.
        nonce=_one_nonce([*checked, *(each for each in by_text.values() if each.nonce)]),
        proof_type=request.proof_type,
        issuers=frozenset(each.issuer for each in checked if each.issuer is not None),
        named=any(each.named is not None for each in checked),
        attestations=tuple(by_text.values()),
        attested=keys.keys() <= more.keys(),
    )


def _checked(kind: str, proof: Any, policy: ProofPolicy, now: int) -> CheckedProof:  # noqa: ANN401 - JSON
    if kind == DI_VP:
        return check_di_vp(proof, audience=policy.audience, window=policy.window(now))
    return check_proof_jwt(
        proof,
        audience=policy.audience,
        now=now,
        max_age=policy.max_age,
        max_skew=policy.max_skew,
    )


def _attestation(compact: Any, policy: ProofPolicy, now: int) -> KeyAttestation:  # noqa: ANN401 - JSON
    return check_key_attestation(compact, anchors=policy.anchors, window=policy.window(now))


def _check_header(proof: CheckedProof, by_text: Mapping[str, KeyAttestation]) -> None:
    """Hold a proof to the attestation in its header (appendices D.1 and F.1)."""
    if proof.key_attestation is None:
        return
    attestation = by_text[proof.key_attestation]
    if attestation.expires_at is None:
        raise invalid_proof("the key attestation in a proof's header should say exp")
    if proof.key not in attestation.keys:
        raise invalid_proof("the key attestation does not attest the key of the proof")


def _attested(attestation: KeyAttestation, policy: ProofPolicy) -> ProvedKeys:
    keys = {key.thumbprint(): key for key in attestation.keys}
    return ProvedKeys(
        by_thumbprint=dict(islice(keys.items(), policy.batch_size)),
        nonce=_one_nonce([attestation]),
        proof_type=ATTESTATION,
        attestations=(attestation,),
        attested=True,
    )


def _one_nonce(bearers: Sequence[CheckedProof | KeyAttestation]) -> str:
    nonces = {each.nonce for each in bearers}
    if None in nonces:
        raise invalid_proof("a nonce is missing; fetch one from the nonce endpoint")
    nonce = nonces.pop()
    if nonces or nonce is None:
        raise invalid_nonce()
    return nonce
