"""Issue an SD-JWT, one or several copies at once (RFC 9901 section 6.1)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.model import DEFAULT_HASH, NEVER_DISCLOSABLE
from madang.core.formats.sd_jwt.template import Salts, Template, member
from madang.core.keys.signing import Signer

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Issued:
    """A new SD-JWT without key binding.

    Attributes:
        compact: issuer-signed JWT and all disclosures, each followed by "~".
        issuer_digest: SHA-256 of the issuer-signed JWT, 32 bytes: what the log commits to.
    """

    compact: str
    issuer_digest: bytes

    @property
    def disclosures(self) -> tuple[str, ...]:
        """Return all disclosures, encoded."""
        return tuple(self.compact.split("~")[1:-1])


def salts_from(chance: bytes) -> Iterator[str]:
    """Cut bytes of chance into salts of 128 bits (RFC 9901 section 9.3)."""
    ends = range(SALT_BYTES, len(chance) + 1, SALT_BYTES)
    return iter(base64url.encode_all([chance[end - SALT_BYTES : end] for end in ends]))


def issue(
    payload: Mapping[str, Any],
    frame: SdFrame,
    *,
    signer: Signer,
    header: Mapping[str, Any],
    salts: Iterator[str],
    hash_name: str = DEFAULT_HASH,
) -> Issued:
    """Sign `payload` with the parts of `frame` turned into disclosures.

    Args:
        payload: the claims, all of them in clear.
        frame: which parts are selectively disclosable, and where decoys go.
        signer: the issuer's key.
        header: JOSE header members besides `alg`.
        salts: one text of chance for each disclosure and decoy.
        hash_name: hash of the digests.

    Raises:
        SdJwtError: a registered claim that must stay in clear (SD-JWT VC section 3.2.2.2) is in
            the frame, the frame names what the payload lacks (or else it would go out in clear
            under its right name), the payload holds a reserved name, the hash is unknown, or the
            salts have run out or repeat.
    """
    (issued,) = issue_copies(
        payload, frame, [{}], signer=signer, header=header, salts=salts, hash_name=hash_name
    )
    return issued


def issue_copies(
    payload: Mapping[str, Any],
    frame: SdFrame,
    own: Sequence[Mapping[str, Any]],
    *,
    signer: Signer,
    header: Mapping[str, Any],
    salts: Iterator[str],
    hash_name: str = DEFAULT_HASH,
) -> tuple[Issued, ...]:
    """Sign one copy of a credential for each element of `own`.

    The copies have nothing in common but what the payload says in clear: that must be the same
    for all people of one type and hour, or else it links the copies (RFC 9901 section 10.1).

    Args:
        payload: the claims of every copy, all of them in clear.
        frame: which parts are selectively disclosable, and where decoys go.
        own: the claims of each copy alone, such as `cnf` and `status`; they stay in clear.
        signer: the issuer's key.
        header: JOSE header members besides `alg`.
        salts: one text of chance for each disclosure and decoy of each copy.
        hash_name: hash of the digests.

    Raises:
        SdJwtError: as of `issue`; or two copies have one value of their own in common, or a claim
            of their own is in the payload too.
    """
    _check(frame)
    template, chance = Template(payload, frame, hash_name), Salts(salts)
    protected = jws.protect(header, signer.algorithm)
    return tuple(
        _signed(*template.fill(text, chance), protected, signer) for text in _encoded(own, payload)
    )


def _signed(text: str, disclosures: str, protected: str, signer: Signer) -> Issued:
    compact = jws.sign_protected(text.encode(), protected, signer)
    digest = hashlib.sha256(compact.encode("ascii")).digest()
    return Issued(f"{compact}~{disclosures}", digest)


def _check(frame: SdFrame) -> None:
    if frame.disclosable:
        told = "the payload as a whole has no name to be disclosed by"
        raise SdJwtError("frame_mismatch", "RFC 9901 6.1", told)
    if not NEVER_DISCLOSABLE.isdisjoint(frame.members):
        name = next(name for name in NEVER_DISCLOSABLE if name in frame.members)
        raise SdJwtError(
            "claim_must_stay_in_clear",
            "SD-JWT VC 3.2.2.2",
            f"{name} must not be selectively disclosable",
        )


def _encoded(own: Sequence[Mapping[str, Any]], payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield the claims of each copy as members of an object; two copies share none of them."""
    seen: set[str] = set()
    for claims in own:
        if not claims.keys().isdisjoint(payload):
            raise SdJwtError("claim_twice", "RFC 9901 6.1", "a copy's claim is in the payload too")
        members = [member(name, value) for name, value in claims.items()]
        if not seen.isdisjoint(members):
            raise SdJwtError("copies_linked", "RFC 9901 10.1", "two copies share a claim's value")
        seen.update(members)
        yield ",".join(members)
