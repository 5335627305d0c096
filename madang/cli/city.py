"""A city on one machine: its addresses, settings, accounts and programs."""

import json
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from ledger_node.settings import Settings as LedgerSettings
from madang.access.staff import Role, Staff, StaffAccount, StaffSession
from madang.cli.processes import Program
from madang.infra.anchors import load_anchors
from madang.infra.ca_files import CaFiles
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.files import EVERYBODY, write_whole
from madang.infra.ids import SystemIds
from madang.infra.journal import JournalEntry
from madang.infra.settings import CommonSettings, SigningKey
from madang.infra.setup import WITNESS, StateFolders, prepare_state, prepare_witness
from madang.infra.tenancy import Addresses

CATALOG: Final = Path(__file__).resolve().parents[2] / "catalog"
OFFSETS: Final = {
    "issuer": 1,
    "verifier": 2,
    "counter": 3,
    "wallet": 4,
    "log": 5,
    "witness": 7,
}
CHAIN_OFFSET: Final = 6
AUDIT_OFFSET: Final = 8
_SECURE_HOST: Final = "localhost"
AUDIT_BODY: Final = "audit"
"""An audit body that has no log, and witnesses those of the municipalities."""
QUORUM: Final = 2
"""Of each log: the other municipality and the audit body."""
WALLET_OFFSET: Final = 11
STAFF: Final = {"counter": ("clerk", Role.CLERK), "verifier": ("agency", Role.AGENCY)}
AUDITOR: Final = {"log": ("auditor", Role.AUDITOR)}
# Not the whole command: a service needs neither the auditor's nor the walk's packages.
_SERVE: Final = ("-m", "madang.cli.serve")


@dataclass(frozen=True)
class CityPlan:
    """Where everything of one city is.

    Attributes:
        state: folder that keeps everything.
        port: first of the loopback ports.
        catalog: folder of types, rules, tenants and texts.
        secure: whether the services speak TLS, by an authority made for this city.
    """

    state: Path
    port: int
    catalog: Path = CATALOG
    secure: bool = False

    @cached_property
    def passphrase(self) -> str:
        """Return the passphrase of the key files; made at the first run."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _passphrase(self.state / "passphrase")

    @property
    def origins(self) -> dict[str, str]:
        """Return the origin of each service."""
        return {name: self._origin(at) for name, at in OFFSETS.items()}

    def _origin(self, offset: int) -> str:
        base = f"https://{_SECURE_HOST}" if self.secure else "http://127.0.0.1"
        return f"{base}:{self.port + offset}"

    @cached_property
    def server(self) -> SigningKey:
        """Return key and chain of the services as TLS servers; made when there are none."""
        return self._authority.server("tls", [_SECURE_HOST, "127.0.0.1"], now=SystemClock().now())

    @property
    def _authority(self) -> CaFiles:
        return CaFiles(self.state / "tls")

    @property
    def tls_anchors(self) -> tuple[bytes, ...]:
        """Return the authority of the services' certificates; none for a city without TLS."""
        if not self.secure:
            return ()
        _ = self.server
        return load_anchors(self._authority.anchor)

    @property
    def rpc(self) -> str:
        """Return an address of the chain: the first that MADANG_RPC_URLS names, or the embedded."""
        named = LedgerSettings().rpc_urls
        return named[0] if named else f"http://127.0.0.1:{self.port + CHAIN_OFFSET}"

    @cached_property
    def catalogue(self) -> Catalogue:
        """Return what is data."""
        return load_catalogue(self.catalog)

    @cached_property
    def addresses(self) -> Addresses:
        """Return the identifiers of the services."""
        return Addresses(self.catalogue.tenants, self.origins)

    @cached_property
    def settings(self) -> CommonSettings:
        """Return what all services have in common."""
        return CommonSettings.model_validate(
            {
                "state_dir": self.state,
                "catalog_dir": self.catalog,
                "key_passphrase": self.passphrase,
                "origins": self.origins,
                "allow_loopback_http": not self.secure,
            }
        )

    def environment(self, service: str) -> dict[str, str]:
        """Return the settings of one service's process."""
        return {
            "MADANG_STATE_DIR": str(self.state),
            "MADANG_CATALOG_DIR": str(self.catalog),
            "MADANG_KEY_PASSPHRASE": self.passphrase,
            "MADANG_ORIGINS": json.dumps(self.origins),
            "MADANG_PORT": str(self.port + OFFSETS[service]),
            "MADANG_CHAIN_PORT": str(self.port + CHAIN_OFFSET),
            "MADANG_WITNESSES": json.dumps(self.witnesses),
            "MADANG_WITNESS_QUORUM": str(QUORUM),
            "MADANG_WALLET_ANCHORS": str(StateFolders(self.state).anchors),
            "MADANG_KEY_ATTESTATION_ANCHORS": str(StateFolders(self.state).anchors),
            **self.transport("MADANG"),
        }

    def transport(self, prefix: str) -> dict[str, str]:
        """Return by which transport a program calls others, and a service is called."""
        if not self.secure:
            return {f"{prefix}_ALLOW_LOOPBACK_HTTP": "true"}
        return {
            f"{prefix}_TLS_ANCHORS": str(self._authority.anchor),
            f"{prefix}_TLS_CERTIFICATE": str(self.server.chain),
            f"{prefix}_TLS_KEY": str(self.server.key),
        }

    @property
    def witnesses(self) -> list[str]:
        """Return the identifiers of all witnesses."""
        municipal = [self.addresses.identifier(t, WITNESS) for t in self.catalogue.tenants.ids()]
        return [*municipal, f"{self._audit_origin}/{AUDIT_BODY}/{WITNESS}"]

    @property
    def _audit_origin(self) -> str:
        return self._origin(AUDIT_OFFSET)

    def audit_environment(self) -> dict[str, str]:
        """Return the settings of the audit body's process."""
        return {
            **self.environment(WITNESS),
            "MADANG_STATE_DIR": str(self._audit_state),
            "MADANG_KEY_PASSPHRASE": self._audit_passphrase,
            "MADANG_WITNESS_NAME": AUDIT_BODY,
            "MADANG_ORIGINS": json.dumps({**self.origins, WITNESS: self._audit_origin}),
            "MADANG_PORT": str(self.port + AUDIT_OFFSET),
        }

    def prepare(self) -> None:
        """Make what a fresh state folder lacks: keys, trust, staff accounts."""
        prepare_state(self.settings, self.catalogue, self.addresses, SystemClock())
        self._prepare_audit_body()
        if not self.accounts_file.exists():
            self._add_accounts()

    def _prepare_audit_body(self) -> None:
        """Give the audit body a folder of its own: its key, and the public keys of the logs."""
        own = self.settings.model_copy(
            update={
                "state_dir": self._audit_state,
                "key_passphrase": SecretStr(self._audit_passphrase),
                "origins": {WITNESS: self._audit_origin},
            }
        )
        prepare_witness(own, AUDIT_BODY, self.catalogue.tenants)
        here, there = StateFolders(self.state), StateFolders(self._audit_state)
        exchanged = [(path, there.log_keys) for path in sorted(here.log_keys.glob("*.vkey"))]
        exchanged += [(there.witness_keys / f"{AUDIT_BODY}.vkey", here.witness_keys)]
        for path, folder in exchanged:
            if not (folder / path.name).exists():
                write_whole(folder / path.name, path.read_bytes(), EVERYBODY)

    @property
    def _audit_state(self) -> Path:
        return self.state / "audit-body"

    @cached_property
    def _audit_passphrase(self) -> str:
        return _passphrase(self._audit_state / "passphrase")

    @property
    def accounts_file(self) -> Path:
        """Return the file with the names and passphrases of the first staff."""
        return self.state / "accounts.json"

    def accounts(self) -> dict[str, dict[str, str]]:
        """Return name and passphrase per "<tenant>/<service>"."""
        found: dict[str, dict[str, str]] = json.loads(self.accounts_file.read_text("utf-8"))
        return found

    def _add_accounts(self) -> None:
        found: dict[str, dict[str, str]] = {}
        for service, (name, role) in {**STAFF, **AUDITOR}.items():
            database = Database(self.settings.database(service))
            database.create(StaffAccount, StaffSession, JournalEntry)
            staff = Staff(database, SystemIds(), self.settings)
            for tenant in self.catalogue.tenants:
                passphrase = secrets.token_urlsafe(9)
                staff.add(tenant.id, name, passphrase, [role], now=SystemClock().now())
                found[f"{tenant.id}/{service}"] = {"name": name, "passphrase": passphrase}
            database.close()
        write_whole(self.accounts_file, json.dumps(found, indent=2).encode())

    def services(self) -> list[Program]:
        """Return the programs of the services, the log first: it takes longest to start."""
        names = sorted(OFFSETS, key=lambda name: name != "log")
        return [
            Program(
                name=name,
                arguments=(*_SERVE, name),
                environment=self.environment(name),
                health=f"{self.origins[name]}/health",
            )
            for name in names
        ] + [self._audit_witness()]

    def _audit_witness(self) -> Program:
        return Program(
            name=f"{AUDIT_BODY}-{WITNESS}",
            arguments=(*_SERVE, WITNESS),
            environment=self.audit_environment(),
            health=f"{self._audit_origin}/health",
        )

    def wallet_address(self, number: int) -> str:
        """Return the address of a wallet's process."""
        return f"http://127.0.0.1:{self.port + WALLET_OFFSET + number}"

    @property
    def accreditations(self) -> str:
        """Return where the wallets' municipality publishes snapshots of the registry."""
        lead = self.catalogue.federation.lead
        return f"{self.addresses.identifier(lead, 'log')}/accreditations"

    @property
    def wallet_provider(self) -> str:
        """Return the provider of the residents' wallets."""
        return self.addresses.identifier(self.catalogue.federation.lead, "wallet")

    def wallet(self, name: str, number: int) -> Program:
        """Return the program of one resident's wallet.

        It is told the municipalities' anchors, where the registry is and where its snapshots are,
        and nothing that opens anything of theirs.
        """
        folder = self.state / "wallets" / name
        return Program(
            name=f"wallet-{name}",
            arguments=("-m", "madang.cli.wallet", "serve"),
            environment={
                "WALLET_FOLDER": str(folder),
                "WALLET_PASSPHRASE": _passphrase(folder.with_suffix(".passphrase")),
                "WALLET_ANCHORS": str(StateFolders(self.state).anchors),
                "WALLET_ACCREDITATIONS": self.accreditations,
                "WALLET_RECORD": str(self.state / "contract.json"),
                "WALLET_PORT": str(self.port + WALLET_OFFSET + number),
                "WALLET_PROVIDER": self.addresses.identifier(
                    self.catalogue.federation.lead, "wallet"
                ),
                "WALLET_LOCAL_ADDRESSES": "true",
                **self.transport("WALLET"),
            },
            health=f"{self.wallet_address(number)}/health",
        )


def _passphrase(path: Path) -> str:
    """Return the passphrase in a file; made when there is none."""
    if not path.exists():
        write_whole(path, secrets.token_urlsafe(24).encode())
    return path.read_text("ascii")
