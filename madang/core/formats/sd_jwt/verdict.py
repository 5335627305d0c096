"""What a verification found: every failed step, in the order of RFC 9901 section 7.3."""

from dataclasses import dataclass
from typing import Any

from madang.core.formats.sd_jwt.verify import Unfolded
from madang.core.keys.jwk import PublicKey


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed step.

    Attributes:
        code: fixed word, such as "issuer_signature".
        clause: section of the specification that the step comes from.
        detail: what came and what was expected; holds no claim values.
    """

    code: str
    clause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one credential.

    Attributes:
        claims: the processed payload; empty when it could not be processed.
        failures: none when the credential is good.
        holder_key: that in `cnf`, where a key binding was expected; None if it cannot be read.
        unfolded: how it was processed; None when it could not be.
    """

    claims: dict[str, Any]
    failures: tuple[Failure, ...]
    holder_key: PublicKey | None = None
    unfolded: Unfolded | None = None

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed."""
        return not self.failures
