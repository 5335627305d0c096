"""Hold what an issuer sends to the rules of its type (SD-JWT VC Type Metadata).

The type's document stands at its `vct`. What comes from there must be right; where nothing can be
had, the certificate is taken without: the address is often another municipality's than the
issuer's, and its being down is not the resident's loss.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from madang.core.formats.sd_jwt import type_rules
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.model import SdJwt
from madang.core.formats.sd_jwt.type_extension import MAX_EXTENDS, resolve
from madang.core.formats.sd_jwt.type_metadata import TypeMetadata, read
from madang.core.formats.sd_jwt.type_rules import Seen
from madang.core.formats.sd_jwt.verify import Unfolded
from madang.core.protocol.urls import is_web_address
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError

MAX_SECONDS: Final = 10.0
"""Longest wait for all documents of a type."""
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class TypeDocuments:
    """Documents of types, as they are served.

    Attributes:
        network: HTTP, bounded and without redirects.
        allow_loopback_http: for a first run.
        seconds: longest wait for all documents of a type.
    """

    network: Network
    allow_loopback_http: bool
    seconds: float = MAX_SECONDS

    async def hold(self, copies: Sequence[SdJwt]) -> None:
        """Hold the verified copies of one certificate, all disclosures with them, to its type.

        Raises:
            WalletError: a rule is broken, the document is not the one that the issuer hashed,
                malformed or about another type, or the copies name several.
        """
        named = {_named(copy) for copy in copies}
        if len(named) > 1:
            raise _refusal("type_metadata_differs")
        for vct, integrity in named:
            metadata = await self._metadata(vct, integrity)
            if metadata is not None:
                _check(metadata, copies)

    async def _metadata(self, vct: str, integrity: str | None) -> TypeMetadata | None:
        """Return a type with all that it inherits, None where a document cannot be had."""
        try:
            async with asyncio.timeout(self.seconds):
                documents = await self._chain(vct, integrity)
            return None if documents is None else resolve(vct, documents.get, expected=integrity)
        except TimeoutError:
            return None
        except SdJwtError as error:
            raise _refusal(error.code) from error

    async def _chain(self, vct: str, integrity: str | None) -> dict[str, bytes] | None:
        """Fetch the document of a type and of those above it; `resolve` refuses too many."""
        documents: dict[str, bytes] = {}
        wanted: str | None = vct
        while wanted is not None and wanted not in documents and len(documents) <= MAX_EXTENDS:
            document = await self._document(wanted)
            if document is None:
                return None
            found = read(document, vct=wanted, expected=integrity)
            documents[wanted] = document
            wanted, integrity = found.extends, found.extends_integrity
        return documents

    async def _document(self, address: str) -> bytes | None:
        if not is_web_address(address, allow_loopback_http=self.allow_loopback_http):
            return None
        try:
            reply = await self.network.get(address)
        except WalletError as error:
            if error.code == "no_answer":
                return None
            raise
        return reply.body if reply.status == _OK else None


def _named(copy: SdJwt) -> tuple[str, str | None]:
    """Return the type that a verified copy names, and the hash of its document."""
    integrity = copy.payload.get("vct#integrity")
    if integrity is not None and not isinstance(integrity, str):
        raise _refusal("malformed_integrity")
    return str(copy.payload["vct"]), integrity


def _check(metadata: TypeMetadata, copies: Sequence[SdJwt]) -> None:
    everything = [Seen.of(Unfolded(copy), complete=True) for copy in copies]
    broken = [failure for seen in everything for failure in type_rules.failures(metadata, seen)]
    if broken:
        raise _refusal(", ".join(dict.fromkeys(failure.code for failure in broken)))


def _refusal(codes: str) -> WalletError:
    return WalletError("credential_refused", f"it does not obey the rules of its type: {codes}")
