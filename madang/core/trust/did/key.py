"""did:key: a key that is its own identifier (W3C CCG did:key method)."""

from typing import Final

from madang.core.keys.jwk import PublicKey
from madang.core.trust.did import multikey
from madang.core.trust.did.identifier import specific
from madang.core.trust.did.model import MULTIKEY, DidDocument, VerificationMethod, with_one_key

METHOD: Final = "key"


def identifier(key: PublicKey) -> str:
    """Return the DID of a key on a curve; DidError("key_unusable") for other kinds."""
    return f"did:{METHOD}:{multikey.encode(key)}"


def resolve(did: str) -> DidDocument:
    """Return the document, which follows from the DID alone; encryption is left out.

    Raises:
        DidError: did_malformed, did_method, multikey_malformed, key_unusable.
    """
    multibase = specific(did, METHOD)
    multikey.decode(multibase)
    name = f"{did}#{multibase}"
    return with_one_key(VerificationMethod(name, MULTIKEY, did, public_key_multibase=multibase))
