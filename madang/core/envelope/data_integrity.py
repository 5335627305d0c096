"""Data Integrity proofs over canonical JSON (W3C VC Data Integrity 1.0).

Two cryptosuites: ecdsa-jcs-2019 (Data Integrity ECDSA Cryptosuites 1.0 section 3.3) on P-256 and
P-384, and eddsa-jcs-2022 (Data Integrity EdDSA Cryptosuites 1.0 section 3.3).
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from madang.core.encoding import base58, canonical_json
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import EDDSA, ES256, ES384, PublicKey
from madang.core.keys.signing import Signer, checker_for

PROOF_TYPE: Final = "DataIntegrityProof"
ECDSA_JCS_2019: Final = "ecdsa-jcs-2019"
EDDSA_JCS_2022: Final = "eddsa-jcs-2022"
CRYPTOSUITES: Final = (ECDSA_JCS_2019, EDDSA_JCS_2022)

_Hash = Callable[[bytes], Any]
_SUITES: Final[Mapping[str, tuple[str, _Hash]]] = {
    ES256: (ECDSA_JCS_2019, hashlib.sha256),
    ES384: (ECDSA_JCS_2019, hashlib.sha384),
    EDDSA: (EDDSA_JCS_2022, hashlib.sha256),
}
"""Cryptosuite and hash by the algorithm of the key."""
_MULTIBASE: Final = "z"
_CONTEXT: Final = "@context"


def cryptosuite_for(algorithm: str) -> str:
    """Return the cryptosuite of a key's JWS algorithm; EnvelopeError if there is none."""
    return _suite(algorithm)[0]


def sign(
    document: Mapping[str, Json], options: Mapping[str, Json], signer: Signer
) -> dict[str, Json]:
    """Return the document with a proof (VC Data Integrity 1.0 section 4.2).

    Args:
        document: what is secured; a proof in it is replaced.
        options: the proof's members besides type, cryptosuite, context and value.
        signer: on P-256, P-384 or Ed25519.

    Raises:
        EnvelopeError: another key, or a document that has no canonical form.
    """
    suite, hashing = _suite(signer.algorithm)
    config = {**options, "type": PROOF_TYPE, "cryptosuite": suite}
    if _CONTEXT in document:
        config[_CONTEXT] = document[_CONTEXT]
    signature = signer.sign(_hash_data(document, config, hashing))
    proof = {**config, "proofValue": _MULTIBASE + base58.encode(signature)}
    return {**document, "proof": proof}


def verify(document: Mapping[str, Json], proof: Mapping[str, Json], key: PublicKey) -> bool:
    """Tell whether a proof is the key's over the document (section 4.3).

    Args:
        document: what is secured; the member `proof` is left out.
        proof: one proof, as received.
        key: what the proof's verification method stands for.

    Raises:
        EnvelopeError: another type or cryptosuite than the key's, a value that is no multibase of
            base58btc, a context that is not the document's, or no canonical form.
    """
    suite, hashing = _suite(key.algorithm)
    if proof.get("type") != PROOF_TYPE or proof.get("cryptosuite") != suite:
        raise EnvelopeError(f"a proof of type {PROOF_TYPE} and cryptosuite {suite} was expected")
    secured = _with_context(document, proof)
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    return checker_for(key).check(_value(proof), _hash_data(secured, config, hashing))


def _suite(algorithm: str) -> tuple[str, _Hash]:
    found = _SUITES.get(algorithm)
    if found is None:
        raise EnvelopeError(f"no cryptosuite signs by {algorithm}; {', '.join(_SUITES)} are known")
    return found


def _hash_data(document: Mapping[str, Json], config: Mapping[str, Json], hashing: _Hash) -> bytes:
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    try:
        parts = [canonical_json.encode(dict(each)) for each in (config, unsecured)]
    except EncodingError as error:
        raise EnvelopeError(f"no canonical form: {error}") from error
    return b"".join(hashing(part).digest() for part in parts)


def _value(proof: Mapping[str, Json]) -> bytes:
    text = proof.get("proofValue")
    if not isinstance(text, str) or not text.startswith(_MULTIBASE):
        raise EnvelopeError("proofValue should be multibase of base58btc, which begins with z")
    try:
        return base58.decode(text[1:])
    except EncodingError as error:
        raise EnvelopeError(f"proofValue: {error}") from error


def _with_context(document: Mapping[str, Json], proof: Mapping[str, Json]) -> Mapping[str, Json]:
    """Hold a proof's own context to be where the document's begins, and go on with it."""
    if _CONTEXT not in proof:
        return document
    own, whole = _entries(proof[_CONTEXT]), _entries(document.get(_CONTEXT, []))
    if whole[: len(own)] != own:
        raise EnvelopeError("the proof's context is not where the document's begins")
    return {**document, _CONTEXT: proof[_CONTEXT]}


def _entries(context: Json) -> list[Json]:
    return context if isinstance(context, list) else [context]
