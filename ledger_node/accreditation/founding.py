"""The records with which a development city's registry begins, from the catalogue and the keys."""

from collections.abc import Mapping, Sequence
from functools import partial

from cryptography import x509

from ledger_node.chain.deployment import FoundingRecord, FoundingRecords
from madang.infra.catalogue import Catalogue
from madang.infra.founding import Founders, founding
from madang.infra.setup import StateFolders
from madang.infra.tenancy import Addresses
from madang.infra.trust import load_anchors


def founding_records(
    catalogue: Catalogue, addresses: Addresses, folders: StateFolders
) -> FoundingRecords:
    """Return what makes the records from the municipalities' addresses on the chain.

    They are valid as long as every root that they name, so that they are the same at every call.
    """
    anchors = partial(load_anchors, folders.anchors)

    def records(holders: Mapping[str, str]) -> Sequence[FoundingRecord]:
        start, end = _validity([der for tenant in holders for der in anchors(tenant)])
        founders = Founders(
            accounts=holders,
            anchors=anchors,
            log_keys=lambda tenant: (
                (folders.log_keys / f"{tenant}.vkey").read_text("utf-8").strip(),
                (folders.log_keys / f"{tenant}.second").read_text("utf-8").strip(),
            ),
            witness_keys={
                tenant: path.read_text("utf-8").strip()
                for tenant in holders
                if (path := folders.state / "trust" / "witnesses" / f"{tenant}.vkey").exists()
            },
        )
        made = founding(catalogue, addresses, founders, start=start, end=end)
        return [FoundingRecord(each.kind, each.body, each.document) for each in made]

    return records


def _validity(anchors: Sequence[bytes]) -> tuple[int, int]:
    """Return the first and the last second in which all of these are valid."""
    certificates = [x509.load_der_x509_certificate(der) for der in anchors]
    starts = [int(each.not_valid_before_utc.timestamp()) for each in certificates]
    ends = [int(each.not_valid_after_utc.timestamp()) for each in certificates]
    return max(starts), min(ends)
