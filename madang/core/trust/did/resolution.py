"""From a DID and what was fetched to its document and a key in it (W3C DID Core section 7.1)."""

from collections.abc import Mapping

from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.trust.did import ethr, jwk, key, multikey, parser, web
from madang.core.trust.did.erc1056 import History
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.identifier import split
from madang.core.trust.did.model import DidDocument, Purpose, VerificationMethod


def resolve(
    did: str,
    fetched: bytes | History | None = None,
    *,
    chains: Mapping[str, int] = ethr.CHAINS,
) -> DidDocument:
    """Return the document of a DID.

    Args:
        did: the DID.
        fetched: for did:web the bytes at `web.location`; for did:ethr what the registry says,
            or None where there is none; None for did:key and did:jwk.
        chains: chain ids of did:ethr networks.

    Raises:
        DidError: method_not_supported; not_fetched where the wrong thing was handed in; or what
            the method refuses.
    """
    method = split(did).method
    match method, fetched:
        case key.METHOD, None:
            return key.resolve(did)
        case jwk.METHOD, None:
            return jwk.resolve(did)
        case web.METHOD, bytes():
            return parser.parse(fetched, did)
        case ethr.METHOD, History() | None:
            return ethr.resolve(did, fetched, chains=chains)
    if method in {key.METHOD, jwk.METHOD, web.METHOD, ethr.METHOD}:
        raise DidError("not_fetched", f"did:{method} is not resolved by {type(fetched).__name__}")
    raise DidError("method_not_supported", f"did:{method} is not known here")


def key_for(document: DidDocument, url: str, purpose: Purpose) -> PublicKey:
    """Return the key that a `kid` or a DID URL names, if it is listed for the purpose.

    Args:
        document: of the DID that is believed to have signed.
        url: DID URL in full, its fragment with `#`, or the fragment alone.
        purpose: what the key should be for.

    Raises:
        DidError: key_of_another for a URL of another DID; key_unknown for one that the document
            does not have; key_purpose for one that is not listed for the purpose; key_unusable
            for a kind of key that signs nothing here, such as secp256k1.
    """
    name = _absolute(document.id, url)
    method = next((each for each in document.verification_method if each.id == name), None)
    if method is None:
        raise DidError("key_unknown", f"the document has no key {url[-80:]!r}")
    if name not in document.listed(purpose):
        raise DidError("key_purpose", f"the key is not listed for {purpose}")
    return _key(method)


def _absolute(did: str, url: str) -> str:
    if url.startswith("did:"):
        if url.partition("#")[0] != did:
            raise DidError("key_of_another", "the key is of another DID")
        return url
    return f"{did}#{url.removeprefix('#')}"


def _key(method: VerificationMethod) -> PublicKey:
    if method.public_key_multibase is not None:
        return multikey.decode(method.public_key_multibase)
    if method.public_key_jwk is None:
        raise DidError("key_unusable", f"{method.type[:80]} signs nothing here")
    try:
        return PublicKey.from_jwk(method.public_key_jwk)
    except KeyFormatError as error:
        raise DidError("key_unusable", str(error)) from error
