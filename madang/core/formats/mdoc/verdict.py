"""What a verification found: every failed step, in the order of ISO/IEC 18013-5 section 9."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from madang.core.formats.mdoc.mso import StatusPlace
from madang.core.keys.jwk import PublicKey


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed step.

    Attributes:
        code: fixed word, such as "issuer_signature".
        clause: section of the specification that the step comes from.
        detail: what came and what was expected; holds no element values.
    """

    code: str
    clause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one document.

    Attributes:
        doc_type: as the document says it.
        elements: the issuer's, by namespace and identifier, as far as their digests agree.
        device_elements: those that the device signed itself, by namespace and identifier.
        device_key: the holder's; None when it could not be read.
        status: where the status stands, for the caller to check; None when there is none.
        failures: none when the document is good.
    """

    doc_type: str
    elements: Mapping[str, Mapping[str, Any]]
    device_elements: Mapping[str, Mapping[str, Any]]
    device_key: PublicKey | None
    status: StatusPlace | None
    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class ResponseVerdict:
    """The outcome for a DeviceResponse.

    Attributes:
        documents: one verdict for each document, in their order.
        failures: what is wrong with the response as a whole.
    """

    documents: tuple[Verdict, ...]
    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed, in the whole or in a document."""
        return not self.failures and all(document.ok for document in self.documents)
