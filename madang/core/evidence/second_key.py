"""A log's second key, held against its entries and heads, for the day when the first one is broken.

A log introduces the key by an entry of its own. Every head that covers this entry is cosigned;
heads from before are not, and stand by the later ones, which extend them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from madang.core.encoding import base64url
from madang.core.evidence.findings import Finding, FindingCode
from madang.core.merkle.checkpoint import SignedCheckpoint
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.entry import Entry, EntryError, EntryKind


@dataclass(slots=True)
class SecondKey:
    """What an audit learns of the key while it reads the log.

    Attributes:
        key: as known from elsewhere than the log; its name is the origin.
        introduced: index of the entry that introduces it, None while none was seen.
    """

    key: CosignerKey
    introduced: int | None = field(default=None, init=False)

    def watch(self, entries: Iterable[bytes], start: int = 0) -> Iterator[bytes]:
        """Hand entries on, from the one at `start` on, and remember where the key comes in."""
        committed = base64url.encode(self.key.introduction()).encode()
        for index, data in enumerate(entries, start):
            # Entries are many; few are worth taking apart.
            if self.introduced is None and committed in data and self._introduces(data):
                self.introduced = index
            yield data

    def _introduces(self, data: bytes) -> bool:
        try:
            entry = Entry.parse(data)
        except EntryError:
            return False
        # The commitment can be computed by everybody: it counts from the log itself alone.
        own = entry.issuer.partition("://")[2] == self.key.name
        return own and entry.kind is EntryKind.KEY and entry.commitment == self.key.introduction()

    def judge(self, signed: SignedCheckpoint, source: str) -> Finding | None:
        """Return what is wrong with the cosignature of a head; to be asked when all was read.

        A head of before the introduction need not have one, but a false one is false anywhere.

        Args:
            signed: a head that the log has signed by its first key.
            source: where it was seen.
        """
        if cosigned(signed, self.key) is not None:
            return None
        size, key = signed.checkpoint.size, f"{self.key.name}+{self.key.key_id.hex()}"
        if any((each.name, each.key_id) == self._named for each in signed.note.signatures):
            detail = f"a cosignature in the name of {key} is not of this head of size {size}"
            return Finding(FindingCode.COSIGNATURE_FALSE, source, detail)
        if self.introduced is None or size <= self.introduced:
            return None
        detail = f"size {size} is not cosigned by {key}, which is entry {self.introduced}"
        return Finding(FindingCode.COSIGNATURE_MISSING, source, detail)

    def judge_newest(self, signed: SignedCheckpoint, source: str) -> int | Finding:
        """Return when the newest head of the log was cosigned, or what is wrong.

        A log that neither introduces the key nor uses it is not the one that the key is known for:
        whoever breaks the first key could make such a log.
        """
        wrong = self.judge(signed, source)
        if wrong is not None:
            return wrong
        time = cosigned(signed, self.key)
        if time is not None:
            return time
        detail = f"no entry introduces {self.key.name}+{self.key.key_id.hex()}"
        return Finding(FindingCode.KEY_NOT_INTRODUCED, source, detail)

    @property
    def _named(self) -> tuple[str, bytes]:
        return self.key.name, self.key.key_id
