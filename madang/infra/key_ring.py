"""The keys of a purpose that turn: their versions in the key store, and what was decided of them.

Version 1 has the purpose's name, a later one `<purpose>.<number>`; the decisions are one file
beside the keys, exchanged whole. A running service reads that file again when it was exchanged.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.life import LifeError
from madang.core.keys.ring import Ring, Taken, Version
from madang.core.keys.signing import Signer
from madang.infra.authority import KEY_ATTESTATION, WALLET_PROVIDER
from madang.infra.files import alone, write_whole
from madang.infra.keystore import Keystore, KeystoreError

ISSUER: Final = "issuer"
SECOND: Final = "second"
TURNING: Final = (ISSUER, SECOND)
"""Purposes of the issuer whose keys turn and whose steps are logged: certificates and lists; and
second signatures, by ML-DSA-44."""
PROVIDING: Final = (WALLET_PROVIDER, KEY_ATTESTATION)
"""Purposes of the wallet provider whose keys turn."""
Seen: TypeAlias = tuple[int, int]
"""Number and time of a file."""


class NoActiveKey(KeystoreError):  # noqa: N818 - a state, not a mistake
    """No key of this purpose may sign now; the message says what to do."""


def version_name(purpose: str, number: int) -> str:
    """Return the name of a version in the key store."""
    return purpose if number == 1 else f"{purpose}.{number}"


@dataclass(frozen=True, slots=True)
class KeyRings:
    """Rings beside the keys: `<tenant>/<purpose>.ring`.

    Attributes:
        keys: where the versions are.
    """

    keys: Keystore
    _read: dict[str, tuple[Seen, Ring]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _signing: dict[tuple[str, str], tuple[tuple[Seen | None, int], Signer]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Who signed last, while neither the file nor the second has changed."""

    def ring(self, tenant: str, purpose: str) -> Ring:
        """Return what was decided, none where nothing was; KeystoreError for a damaged file."""
        path = self._path(tenant, purpose)
        seen = _seen(path)
        if seen is None:
            return Ring()
        known = self._read.get(path)
        if known is None or known[0] != seen:
            known = self._read[path] = (seen, _parsed(path))
        return known[1]

    def signer(self, tenant: str, purpose: str, *, now: int) -> Signer:
        """Return the one that signs now; NoActiveKey if none may."""
        moment = (_seen(self._path(tenant, purpose)), now)
        known = self._signing.get((tenant, purpose))
        if known is None or known[0] != moment:
            signer = self._active(tenant, purpose, now)
            known = self._signing[tenant, purpose] = (moment, signer)
        return known[1]

    def _active(self, tenant: str, purpose: str, now: int) -> Signer:
        active = self.ring(tenant, purpose).active(now)
        if active is None:
            raise NoActiveKey(
                f"no key of {tenant}/{purpose} may sign now; `madang keys list` says why, and"
                " `madang keys rotate` announces a new one"
            )
        return self.version(tenant, purpose, active)

    def published(self, tenant: str, purpose: str, *, now: int) -> tuple[Signer, ...]:
        """Return the keys that verifiers are to find now, oldest first."""
        found = self.ring(tenant, purpose).published(now)
        return tuple(self.version(tenant, purpose, each) for each in found)

    def version(self, tenant: str, purpose: str, version: Version) -> Signer:
        """Return the signer of a version; KeystoreError if its key is missing or another."""
        name = version_name(purpose, version.number)
        signer = self.keys.signer(tenant, name)
        if signer.key_id != version.kid:
            raise KeystoreError(
                f"the key {tenant}/{name} is {signer.key_id}, and {version.kid} was announced;"
                " put back the key that belongs to this state folder"
            )
        return signer

    def taken(self, tenant: str, purpose: str, *, now: int) -> tuple[Taken, ...]:
        """Return every step of every version up to now, oldest first."""
        return self.ring(tenant, purpose).taken(now)

    def change(self, tenant: str, purpose: str, change: Callable[[Ring], Ring]) -> Ring:
        """Decide something and keep it, one process at a time.

        Args:
            tenant: whose.
            purpose: of the keys.
            change: gives the ring as it is to be; what it raises changes nothing.
        """
        path = self._path(tenant, purpose)
        with alone(Path(path).with_suffix(".lock")):
            # Times of files are too coarse to tell two decisions of one instant apart.
            self._read.pop(path, None)
            self._signing.pop((tenant, purpose), None)
            before = self.ring(tenant, purpose)
            after = change(before)
            if after != before:
                write_whole(Path(path), strict_json.dumps(after.to_json()).encode())
        return after

    def _path(self, tenant: str, purpose: str) -> str:
        return f"{self.keys.folder}/{tenant}/{purpose}.ring"


def _seen(path: str) -> Seen | None:
    """Return what tells one state of a file from another; None where there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - at every signature
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _parsed(path: str) -> Ring:
    try:
        return Ring.from_json(strict_json.loads(Path(path).read_bytes()))
    except (EncodingError, LifeError) as error:
        raise KeystoreError(
            f"{path} is not what was written: {error}; put back the file that belongs to these keys"
        ) from error
