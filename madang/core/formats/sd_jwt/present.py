"""Present an SD-JWT: the asked disclosures only, bound to the holder (RFC 9901 section 7.2)."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.model import Path, SdJwt, digest_of, parse
from madang.core.formats.sd_jwt.verify import Unfolded
from madang.core.keys.signing import Signer

KEY_BINDING_TYPE = "kb+jwt"
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


def present(
    issued: str,
    paths: Iterable[Path],
    *,
    holder: Signer,
    audience: str,
    nonce: str,
    issued_at: int,
    more: Mapping[str, object] = _NOTHING,
) -> str:
    """Return an SD-JWT+KB that discloses the values at `paths`.

    A path that leads to an object or array takes all that is below it; what stands above a
    disclosed value is disclosed as far as the value needs it to be found.

    Args:
        issued: the SD-JWT as the issuer gave it.
        paths: what to disclose.
        holder: the key the credential is bound to.
        audience: the verifier's full client identifier.
        nonce: of the request.
        issued_at: seconds since the epoch.
        more: further claims of the key binding JWT, such as hashes of what is authorized.

    Raises:
        SdJwtError: `issued` is not a proper SD-JWT, or it has a key binding already: an issuer
            gives none.
    """
    sd_jwt = parse(issued)
    if sd_jwt.key_binding is not None:
        told = "an SD-JWT from its issuer has no key binding"
        raise SdJwtError("key_binding_received", "RFC 9901 7.2", told)
    shown = select(sd_jwt, paths)
    return bind(shown, sd_jwt.hash_name, holder, audience, nonce, issued_at, more)


def select(sd_jwt: SdJwt, paths: Iterable[Path]) -> str:
    """Return the SD-JWT with only the disclosures that `paths` need, ending in "~"."""
    asked = tuple(paths)
    unfolded = Unfolded(sd_jwt)
    chosen = {
        disclosure.encoded
        for place, disclosure in unfolded.places
        if any(_touches(place, path) for path in asked)
    }
    kept = [d.encoded for d in sd_jwt.disclosures if d.encoded in chosen]
    return "~".join([sd_jwt.issuer_compact, *kept, ""])


def _touches(place: Path, asked: Path) -> bool:
    """Tell whether the disclosure at `place` is above, at or below the asked path."""
    return all(
        step in {here, None} if isinstance(here, int) else step == here
        for here, step in zip(place, asked, strict=False)
    )


def bind(
    bound_part: str,
    hash_name: str,
    holder: Signer,
    audience: str,
    nonce: str,
    issued_at: int,
    more: Mapping[str, object] = _NOTHING,
) -> str:
    """Add the key binding JWT (RFC 9901 section 4.3) to an SD-JWT that ends in "~"."""
    claims = {
        **more,
        "iat": issued_at,
        "aud": audience,
        "nonce": nonce,
        "sd_hash": digest_of(bound_part, hash_name),
    }
    payload = strict_json.dumps(claims).encode()
    return bound_part + jws.sign(payload, {"typ": KEY_BINDING_TYPE}, holder)
