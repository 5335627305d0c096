"""Holder keys that are named by a DID URL: did:jwk and did:key, which nobody has to fetch."""

from typing import Final

from madang.core.keys.jwk import PublicKey
from madang.core.protocol.message import Refusal
from madang.core.trust.did import jwk, key
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.model import Purpose
from madang.core.trust.did.resolution import key_for, resolve

METHODS: Final = (jwk.METHOD, key.METHOD)


def holder_key(url: str, refuse: Refusal) -> PublicKey:
    """Return the key that a DID URL names, if its DID says who it is by it.

    Args:
        url: a did:jwk or did:key with a fragment (DID 1.0 section 3.2).
        refuse: makes the error to raise out of a reason.
    """
    did = controller(url)
    if did == url or not any(did.startswith(f"did:{method}:") for method in METHODS):
        raise refuse("a DID URL of did:jwk or did:key was expected, with the key's fragment")
    try:
        return key_for(resolve(did), url, Purpose.AUTHENTICATION)
    except DidError as error:
        raise refuse(f"the holder's DID: {error}") from None


def controller(url: str) -> str:
    """Return the DID of a DID URL."""
    return url.partition("#")[0]
