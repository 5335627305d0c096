"""What the auditor's routes share: the logs, the keys that are known, the pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from ledger_node.audit.asking import Asked
from ledger_node.audit.comparing import Comparer
from ledger_node.audit.cosigners import KnownKeys, Line, LineState, lines
from ledger_node.audit.model import ChainHead
from ledger_node.audit.usecases import AuditedLog
from ledger_node.publisher.model import HeadState, LogHead
from ledger_node.publisher.usecases import Publisher
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.note import NoteSignature, VerifierKey, with_signatures
from madang.infra.web.limits import WITH_SCRIPT
from madang.infra.web.pages import Pages
from madang.infra.web.times import day_and_minute

FORMATS: Final = ("json", "csv")


def _nobody(_tenant: str) -> Sequence[CosignerKey]:
    return ()


def _unsigned(_tenant: str, _size: int) -> Sequence[NoteSignature]:
    return ()


async def _silence(_tenant: str) -> ChainHead | None:
    return None


async def _nothing(_tenant: str) -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True)
class Desk:
    """Where an auditor sits.

    Attributes:
        publishers: the one writer of each log, by tenant.
        logs: what auditors read of each log, by tenant.
        pages: renders them.
        upload_bytes: longest file that is taken in.
        utc_offset_hours: of the office's clock.
        witnesses: keys of the witnesses of a tenant's log.
        quorum: of them, whose cosignatures make a head final beside the chain; 0 for none.
        cosignatures: lines of witnesses under a head of a tenant's log, kept beside its note.
        conflicts: pairs of checkpoints of a tenant's log that witnesses hold against it.
        chain: what the contract says of a tenant's log now; None when it does not answer.
    """

    publishers: Mapping[str, Publisher]
    logs: Mapping[str, AuditedLog]
    pages: Pages
    upload_bytes: int
    utc_offset_hours: int
    witnesses: Callable[[str], Sequence[CosignerKey]] = _nobody
    quorum: int = 0
    cosignatures: Callable[[str, int], Sequence[NoteSignature]] = _unsigned
    conflicts: Callable[[str], Awaitable[Sequence[tuple[str, str]]]] = _nothing
    chain: Callable[[str], Awaitable[ChainHead | None]] = _silence
    comparer: Comparer = field(default_factory=Comparer)

    def keys(self, tenant: str) -> KnownKeys:
        """Return the keys by which heads of a log are checked."""
        publisher = self.publishers[tenant]
        log = VerifierKey.of(publisher.origin, publisher.signer)
        second = CosignerKey.of(publisher.origin, publisher.cosigner.signer)
        return KnownKeys(log, (second, *self.witnesses(tenant)))

    def lines(self, tenant: str, head: LogHead) -> list[Line]:
        """Return who signed a head, the witnesses too."""
        signed = parse_note(head.note)
        note = with_signatures(signed.note, self.cosignatures(tenant, head.size))
        return lines(replace(signed, note=note), self.keys(tenant))

    def standing(self, tenant: str, head: LogHead, found: Sequence[Line]) -> str:
        """Return how far a head has come, as `audit.state.<word>`; `found` is who signed it.

        It is final when the chain has it for good and the quorum has cosigned it.
        """
        if head.state is not HeadState.ANCHORED or not self.quorum:
            return head.state.value
        good = {line.name for line in found if line.state is LineState.GOOD}
        known = self.witnesses(tenant)
        # A line of Ed25519 does not cover its name: under another name it would count again.
        keys = {key.name: key.public_key for key in known if key.name in good}
        signed = set(keys.values()) - {self.keys(tenant).log.public_key}
        return "final" if len(signed) >= self.quorum else "unwitnessed"

    def when(self, seconds: int) -> str:
        """Return a moment on the office's calendar and clock."""
        return day_and_minute(seconds, utc_offset_hours=self.utc_offset_hours)

    def asked(self, fields: Mapping[str, Any]) -> Asked:
        """Return the fields of a question; what is no text is left out."""
        texts = {name: value for name, value in fields.items() if isinstance(value, str)}
        return Asked(texts, self.utc_offset_hours)

    def show(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        **values: Any,  # noqa: ANN401 - what the template shows
    ) -> HTMLResponse:
        """Return a page with the auditor's script."""
        return self.pages.render(
            request,
            template,
            status=status,
            headers=WITH_SCRIPT,
            when=self.when,
            query=partial(_query, request),
            zone=f"UTC{self.utc_offset_hours:+d}",
            kinds=list(EntryKind),
            megabytes=f"{self.upload_bytes / 1_000_000:g}",
            upload_bytes=self.upload_bytes,
            **values,
        )


def _query(request: Request, **changes: object) -> str:
    """Return the page's query with other values; None takes one out, as it does with empty ones."""
    values = {**request.query_params, "lang": None, **changes}
    return urlencode({k: v for k, v in values.items() if v is not None and v != ""})


def wanted_format(request: Request) -> str:
    """Return "json" or "csv" if the address asks for it, else an empty text for a page."""
    asked = request.query_params.get("format", "")
    return asked if asked in FORMATS else ""
