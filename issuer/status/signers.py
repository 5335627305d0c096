"""The keys that sign a status list now: the issuer's, and the one of second signatures."""

import logging
from dataclasses import dataclass

from issuer.key_steps import TurningKeys
from madang.core.keys.signing import Signer
from madang.infra.clock import Clock
from madang.infra.key_ring import ISSUER, SECOND
from madang.infra.keystore import KeystoreError

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signers:
    """Who signs now.

    Attributes:
        issuer: the list itself.
        second: beside it, ML-DSA; None while no such key can sign.
    """

    issuer: Signer
    second: Signer | None


class ActiveSigners:
    """Finds the signers of a municipality.

    Whether a certificate still holds must be told also while the second key is away; that it is
    away is logged once, and again after it was there.

    Args:
        keys: the municipalities' keys.
        clock: tells which of them sign.
    """

    def __init__(self, keys: TurningKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._without: set[str] = set()

    def __call__(self, tenant: str) -> Signers:
        """Return who signs now; NoActiveKey if no key of the issuer may."""
        issuer = self._keys.signer(tenant, ISSUER, now=self._clock.now())
        return Signers(issuer, self._second(tenant))

    def _second(self, tenant: str) -> Signer | None:
        try:
            signer = self._keys.signer(tenant, SECOND, now=self._clock.now())
        except KeystoreError as error:
            if tenant not in self._without:
                _logger.warning("status lists go without a second signature: %s", error)
            self._without.add(tenant)
            return None
        self._without.discard(tenant)
        return signer
