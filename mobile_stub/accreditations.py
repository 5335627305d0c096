"""Who may issue and ask, from a snapshot of the registry: fetched whole, checked, kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from madang.core.trust.place import Place, PlaceError, parse_place
from madang.core.trust.registry import Registry
from madang.core.trust.snapshot import MEDIA_TYPE, SnapshotError
from madang.core.trust.snapshot_check import Expectation, Verdict, verify, verify_kept
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError

OK = 200
_PATH = "/accreditations"
_WORDS = {
    "snapshot_stale": "the list of accredited offices is too old to rely on; go online and try"
    " again. Nothing was shown to anybody",
    "snapshot_missing": "there is no list of accredited offices yet; go online and try again",
}


class Keeper(Protocol):
    """What this needs of the vault."""

    def snapshot(self) -> tuple[str, int] | None:
        """Return the newest one that was relied on, and when it was fetched."""
        ...

    def keep_snapshot(self, compact: str, fetched_at: int) -> None:
        """Keep another one in its place."""
        ...


@dataclass(frozen=True, slots=True)
class Accreditations:
    """The registry as this wallet knows it.

    Attributes:
        network: HTTP.
        vault: keeps the newest snapshot.
        source: its address at the log of the person's municipality, whose word counts; the same
            whatever is looked for.
        roots: DER of municipalities' roots, one of which has to be behind its signature.
        record: file that tells where the registry is, given with the wallet.
        max_age: seconds from its block after which it is not relied on.
        refresh: seconds after which a newer one is asked for.
    """

    network: Network
    vault: Keeper
    source: str
    roots: Sequence[bytes]
    record: Path
    max_age: int
    refresh: int

    async def registry(self, now: int) -> Registry:
        """Return the registry, from the newest snapshot that can be had.

        Raises:
            WalletError: none is known that may be relied on; the code is that of the snapshot.
        """
        kept, why = self._kept()
        if kept is None or now - kept[1] >= self.refresh:
            try:
                return await self._fetched(kept, now)
            except SnapshotError as error:
                why = error if kept is None else why
        if kept is None:
            raise _refusal(why)
        try:
            return kept[0].relied_at(now, max_age=self.max_age)
        except SnapshotError as error:
            raise _refusal(error) from error

    async def _fetched(self, kept: tuple[Verdict, int] | None, now: int) -> Registry:
        try:
            reply = await self.network.get(self.source, MEDIA_TYPE)
        except WalletError as error:
            raise SnapshotError("snapshot_missing", str(error)) from error
        if reply.status != OK:
            raise SnapshotError("snapshot_missing", f"{self.source} answered {reply.status}")
        compact = reply.body.decode("ascii", "replace")
        expected = self._expected(None if kept is None else kept[0])
        verdict = verify(compact, expected, now=now)
        registry = verdict.relied()
        self.vault.keep_snapshot(compact, now)
        return registry

    def _expected(self, kept: Verdict | None) -> Expectation:
        seen = None if kept is None else kept.seen
        publisher = self.source.removesuffix(_PATH)
        return Expectation(tuple(self.roots), self._place(), (publisher,), seen, self.max_age)

    def _place(self) -> Place:
        try:
            return parse_place(self.record.read_bytes())
        except (OSError, PlaceError) as error:
            raise SnapshotError(
                "snapshot_missing",
                f"{self.record}, which WALLET_RECORD names, is no record of the registry; expected"
                " is the contract.json of a ledger node",
            ) from error

    def _kept(self) -> tuple[tuple[Verdict, int] | None, SnapshotError]:
        """Return the kept one with its time, however old, or why there is none."""
        found = self.vault.snapshot()
        if found is None:
            return None, SnapshotError("snapshot_missing", "none was fetched yet")
        compact, fetched_at = found
        try:
            verdict = verify_kept(compact, self._expected(None))
            verdict.relied()
        except SnapshotError as error:
            return None, error
        return (verdict, fetched_at), SnapshotError("snapshot_missing", "")


def _refusal(error: SnapshotError) -> WalletError:
    words = _WORDS.get(error.code, "the list of accredited offices that came is not to be trusted")
    return WalletError(error.code, f"{words} ({error})")
