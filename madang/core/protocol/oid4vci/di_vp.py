"""Key proofs of type di_vp: W3C presentations with a Data Integrity proof.

OpenID4VCI 1.0 appendix F.2.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from madang.core.encoding.strict_json import Json
from madang.core.envelope import data_integrity
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import Signer
from madang.core.protocol.holder_did import controller, holder_key
from madang.core.protocol.oid4vci.errors import invalid_proof
from madang.core.protocol.oid4vci.proof import CheckedProof
from madang.core.protocol.typed_jwt import Window
from madang.core.trust.did import key

CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
PRESENTATION: Final = "VerifiablePresentation"
PURPOSE: Final = "authentication"


def make_di_vp(signer: Signer, audience: str, nonce: str | None, issued_at: int) -> dict[str, Json]:
    """Return the wallet's presentation for an issuer, by the did:key of the holder key.

    Args:
        signer: the holder key, on P-256, P-384 or Ed25519.
        audience: the credential issuer identifier.
        nonce: from its nonce endpoint, None where it has none.
        issued_at: epoch seconds.
    """
    did = key.identifier(signer.public_key)
    options: dict[str, Json] = {
        "created": datetime.fromtimestamp(issued_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationMethod": f"{did}#{did.removeprefix('did:key:')}",
        "proofPurpose": PURPOSE,
        "domain": audience,
    }
    options |= {"challenge": nonce} if nonce is not None else {}
    document = {"@context": [CONTEXT], "type": [PRESENTATION], "holder": did}
    return data_integrity.sign(document, options, signer)


def check_di_vp(
    presentation: Mapping[str, Json], *, audience: str, window: Window, nonce_required: bool = True
) -> CheckedProof:
    """Check one presentation (appendix F.4), all but the nonce's own validity.

    Args:
        presentation: as received.
        audience: the credential issuer identifier.
        window: when it counts, by ``created`` and ``expires`` where it has them.
        nonce_required: false only for an issuer without a nonce endpoint.

    Raises:
        CredentialError: ``invalid_proof``.
    """
    proof = _proof(presentation)
    method = proof.get("verificationMethod")
    if not isinstance(method, str):
        raise invalid_proof("proof.verificationMethod should be a DID URL")
    holder = holder_key(method, invalid_proof)
    _check_holder(presentation, controller(method))
    _check_words(proof, audience)
    _check_times(proof, window)
    challenge = proof.get("challenge")
    if not isinstance(challenge, str | None) or challenge == "":
        raise invalid_proof("proof.challenge should be a string that is not empty")
    if nonce_required and challenge is None:
        raise invalid_proof("proof.challenge is missing; fetch a nonce from the nonce endpoint")
    try:
        verified = data_integrity.verify(presentation, proof, holder)
    except EnvelopeError as error:
        raise invalid_proof(f"the presentation's proof: {error}") from None
    if not verified:
        raise invalid_proof("the signature is not that of the verification method's key")
    return CheckedProof(holder, challenge, named=method)


def _proof(presentation: Mapping[str, Json]) -> Mapping[str, Json]:
    types = presentation.get("type")
    named = types if isinstance(types, list) else [types]
    if PRESENTATION not in named:
        raise invalid_proof(f"a presentation's type should be or hold {PRESENTATION}")
    proof = presentation.get("proof")
    found = proof[0] if isinstance(proof, list) and len(proof) == 1 else proof
    if not isinstance(found, Mapping):
        raise invalid_proof("a presentation should have one proof")
    return found


def _check_holder(presentation: Mapping[str, Json], did: str) -> None:
    holder = presentation.get("holder", did)
    named = holder.get("id") if isinstance(holder, Mapping) else holder
    if named != did:
        raise invalid_proof("holder should be the DID of proof.verificationMethod")


def _check_words(proof: Mapping[str, Json], audience: str) -> None:
    if proof.get("proofPurpose") != PURPOSE:
        raise invalid_proof(f"proof.proofPurpose should be {PURPOSE}")
    domain = proof.get("domain")
    if domain not in (audience, [audience]):
        raise invalid_proof(f"proof.domain should be {audience}")


def _check_times(proof: Mapping[str, Json], window: Window) -> None:
    created, expires = _time(proof, "created"), _time(proof, "expires")
    if created is not None and created > window.now + window.max_skew:
        raise invalid_proof("proof.created is in the future; check the device's clock")
    if created is not None and created < window.now - window.max_age - window.max_skew:
        raise invalid_proof(f"proof.created is more than {window.max_age} seconds ago; sign anew")
    if expires is not None and expires <= window.now - window.max_skew:
        raise invalid_proof("proof.expires has passed; sign a new one")


def _time(proof: Mapping[str, Json], name: str) -> float | None:
    text = proof.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise invalid_proof(f"proof.{name} should be a date and time of XML Schema") from None
    if moment.tzinfo is None:
        raise invalid_proof(f"proof.{name} should have a time zone")
    return moment.timestamp()
