"""did:jwk: a JWK that is its own identifier (did:jwk method specification)."""

from typing import Final

from madang.core.encoding import base64url, canonical_json, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.jwk import ENCRYPTION, SIGNATURE, KeyFormatError, PublicKey
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.identifier import specific
from madang.core.trust.did.model import JSON_WEB_KEY, DidDocument, VerificationMethod, with_one_key

METHOD: Final = "jwk"
MAX_DEPTH: Final = 4


def identifier(key: PublicKey) -> str:
    """Return the DID of a key: its required members in canonical form."""
    return f"did:{METHOD}:{base64url.encode(canonical_json.encode(key.to_jwk()))}"


def resolve(did: str) -> DidDocument:
    """Return the document, which follows from the DID alone; encryption is left out.

    A JWK whose `use` is "enc" is there and signs nothing.

    Raises:
        DidError: did_malformed, did_method; jwk_malformed for what is no public JWK of a kind
            that is used here.
    """
    try:
        jwk = strict_json.loads(base64url.decode(specific(did, METHOD)), max_depth=MAX_DEPTH)
        if not isinstance(jwk, dict):
            raise DidError("jwk_malformed", "a JWK is a JSON object")
        signs = jwk.get("use") != ENCRYPTION
        PublicKey.from_jwk(jwk, use=SIGNATURE if signs else ENCRYPTION)
    except (EncodingError, KeyFormatError) as error:
        raise DidError("jwk_malformed", str(error)) from error
    method = VerificationMethod(f"{did}#0", JSON_WEB_KEY, did, public_key_jwk=jwk)
    return with_one_key(method, signs=signs)
