"""What an officer does with keys that turn: begin, rotate, give up.

Everything is made before it is announced, and what was made before an interruption is used by
the next try; so a rotation that broke off anywhere is finished by typing it again.
"""

from dataclasses import dataclass
from typing import Final

from madang.core.keys.ring import Ring
from madang.infra.authority import CERTIFIED, Certifier
from madang.infra.catalogue import Catalogue
from madang.infra.key_ring import KeyRings, version_name
from madang.infra.keystore import KeystoreError
from madang.infra.tenancy import Tenant

DAY_SECONDS: Final = 86_400
OTHER_CLOCKS: Final = 3600
"""Seconds for which a verifier may take something for valid after its expiry."""


def longest_life(catalogue: Catalogue) -> int:
    """Return the longest life of any certificate, in seconds, to the last verifier's clock."""
    days = max(each.validity_days for each in catalogue.types.values())
    return days * DAY_SECONDS + OTHER_CLOCKS


@dataclass(frozen=True, slots=True)
class Turning:
    """Decides on the keys of one installation.

    Attributes:
        rings: what was decided before.
        certifier: makes keys with their chains.
        longest: seconds, the longest life of anything that is signed.
    """

    rings: KeyRings
    certifier: Certifier
    longest: int

    def begin(self, tenant: Tenant, purpose: str, *, now: int) -> None:
        """Let the first key sign at once; a key that is there is told the longest life."""
        first = self.rings.ring(tenant.id, purpose) == Ring()
        kid = self._made(tenant, purpose, 1, now) if first else ""

        def begun(ring: Ring) -> Ring:
            self._check_kept(tenant.id, purpose, ring)
            if ring == Ring():
                return ring.announce(kid, now=now, cache=0, longest=self.longest)
            return ring.allow(self.longest, now=now)

        self.rings.change(tenant.id, purpose, begun)

    def rotate(self, tenant: Tenant, purpose: str, *, cache: int, now: int) -> Ring:
        """Announce one more key, which signs when every kept copy of the keys has it.

        Args:
            tenant: whose.
            purpose: of the keys.
            cache: seconds for which published keys may be kept.
            now: epoch seconds.

        Raises:
            LifeError: another key is announced and not active yet.
            KeystoreError, HsmError: the key cannot be made or certified, or decisions are lost.
        """

        def announced(ring: Ring) -> Ring:
            ring.check_announced(now)
            self._check_kept(tenant.id, purpose, ring)
            kid = self._made(tenant, purpose, len(ring.decided) + 1, now)
            return ring.announce(kid, now=now, cache=cache, longest=self.longest)

        return self.rings.change(tenant.id, purpose, announced)

    def compromise(self, tenant: Tenant, purpose: str, number: int, *, now: int) -> Ring:
        """Give a version up at once; LifeError if there is none or it was given up before."""
        return self.rings.change(tenant.id, purpose, lambda ring: ring.compromise(number, now=now))

    def _check_kept(self, tenant: str, purpose: str, ring: Ring) -> None:
        """Find no key of a later version than those that were decided on, and one that broke off.

        Without its decisions a key that was given up would sign again.
        """
        known = len(ring.decided)
        later = known + 2
        if self.certifier.keys.exists(tenant, version_name(purpose, later)):
            raise KeystoreError(
                f"there is a key of version {later} of {tenant}/{purpose}, and {known} were decided"
                f" on; put back the newest {purpose}.ring"
            )

    def _made(self, tenant: Tenant, purpose: str, number: int, now: int) -> str:
        """Return the kid of a version, which is made if it is missing."""
        name = version_name(purpose, number)
        keys = self.certifier.keys
        if purpose in CERTIFIED:
            self.certifier.certify(tenant, purpose, name, now=now)
        elif not keys.exists(tenant.id, name):
            keys.create_ml_dsa_44(tenant.id, name)
        return keys.signer(tenant.id, name).key_id
