"""The wallet's storage: one SQLite file whose secrets are sealed under the passphrase."""

import fcntl
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.keys.software import SoftwareSigner
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy, Scan
from mobile_stub.settings import Settings

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS salt (value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS holder_key (number INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS copy (
  digest TEXT PRIMARY KEY, issuer TEXT NOT NULL, format TEXT NOT NULL, type TEXT NOT NULL,
  number INTEGER NOT NULL, sealed BLOB NOT NULL, receipt BLOB,
  identifier TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS presentation_set (client_id TEXT PRIMARY KEY, number INTEGER UNIQUE);
CREATE TABLE IF NOT EXISTS scan (id TEXT PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS history (at INTEGER NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (
  id INTEGER PRIMARY KEY CHECK (id = 1), compact TEXT NOT NULL, fetched_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS named_key (name TEXT PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS paper (
  kind TEXT NOT NULL, name TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (kind, name));
"""
_NONCE_BYTES, _SALT_BYTES = 12, 16
SCRYPT_N = 2**15


class Vault:
    """Keys, certificates, open scans and history of one person.

    Args:
        folder: made if it is not there.
        passphrase: opens what was sealed with it.

    Raises:
        WalletError: the passphrase is not the one the vault was made with.
    """

    def __init__(self, folder: Path, passphrase: str) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._connection = sqlite3.connect(
            folder / "wallet.sqlite", isolation_level=None, check_same_thread=False
        )
        with _one_at_a_time(folder):
            self._connection.executescript(
                f"PRAGMA journal_mode=WAL; PRAGMA secure_delete=ON; {_SCHEMA}"
            )
            self._tell_identifiers_apart()
        self._connection.execute("PRAGMA synchronous=FULL")
        self._cipher = AESGCM(self._stretched(passphrase))
        for number in self._numbers():
            self.signer(number)

    def _tell_identifiers_apart(self) -> None:
        """Bring a file of a wallet that kept one certificate of a type alone up to date."""
        columns = {row[1] for row in self._connection.execute("PRAGMA table_info(copy)")}
        if "identifier" not in columns:
            self._connection.execute(
                "ALTER TABLE copy ADD COLUMN identifier TEXT NOT NULL DEFAULT ''"
            )

    def _stretched(self, passphrase: str) -> bytes:
        with self._transaction():
            row = self._connection.execute("SELECT value FROM salt").fetchone()
            salt = row[0] if row else secrets.token_bytes(_SALT_BYTES)
            if row is None:
                self._connection.execute("INSERT INTO salt VALUES (?)", (salt,))
        return Scrypt(salt=salt, length=32, n=SCRYPT_N, r=8, p=1).derive(passphrase.encode())

    @contextmanager
    def together(self) -> Iterator[None]:
        """Keep everything that is kept inside, or nothing of it."""
        with self._transaction():
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _seal(self, value: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value, None)

    def _open(self, sealed: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except InvalidTag as error:
            raise WalletError("wrong_passphrase", "the wallet does not open with it") from error

    def _numbers(self) -> list[int]:
        rows = self._connection.execute("SELECT number FROM holder_key ORDER BY number")
        return [int(row[0]) for row in rows]

    def signers(self, count: int) -> list[SoftwareSigner]:
        """Return the first `count` holder keys; makes those that are missing."""
        known = self._numbers()
        for number in range(len(known), count):
            with self._transaction():
                # Another process may have made it meanwhile: then that one is the key.
                self._connection.execute(
                    "INSERT OR IGNORE INTO holder_key VALUES (?, ?)",
                    (number, self._seal(_new_key())),
                )
        return [self.signer(number) for number in range(count)]

    def signer(self, number: int) -> SoftwareSigner:
        """Return a holder key by its number, which is that of its presentation set."""
        return self._signer(self._holder_key(number), str(number))

    def named_signer(self, name: str) -> SoftwareSigner:
        """Return the key of a name, made when it is first asked for; it binds no certificate."""
        with self._transaction():
            row = self._connection.execute(
                "SELECT sealed FROM named_key WHERE name = ?", (name,)
            ).fetchone()
            sealed = self._seal(_new_key()) if row is None else row[0]
            if row is None:
                self._connection.execute("INSERT INTO named_key VALUES (?, ?)", (name, sealed))
        return self._signer(sealed, name)

    def agreement(self, number: int) -> SoftwareAgreement:
        """Return what agrees on secrets with the same holder key."""
        return SoftwareAgreement(self._private_key(self._holder_key(number)))

    def _holder_key(self, number: int) -> bytes:
        row = self._connection.execute(
            "SELECT sealed FROM holder_key WHERE number = ?", (number,)
        ).fetchone()
        return bytes(row[0])

    def _signer(self, sealed: bytes, key_id: str) -> SoftwareSigner:
        return SoftwareSigner(self._private_key(sealed), key_id)

    def _private_key(self, sealed: bytes) -> ec.EllipticCurvePrivateKey:
        key = load_der_private_key(self._open(sealed), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise WalletError("vault_damaged", "a key in it is not P-256")
        return key

    def keep(self, copies: list[HeldCopy]) -> None:
        """Keep copies, all or none; an older one of the same certificate and set goes."""
        with self._transaction():
            for copy in copies:
                issuer, form, kind, which = copy.certificate
                self._connection.execute(
                    "DELETE FROM copy WHERE issuer = ? AND format = ? AND type = ?"
                    " AND identifier = ? AND number = ?",
                    (*copy.certificate, copy.number),
                )
                place = (copy.digest, issuer, form, kind, copy.number)
                self._connection.execute(
                    "INSERT INTO copy VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
                    (*place, self._seal(_content(copy)), which),
                )

    def copies(self) -> list[HeldCopy]:
        """Return every copy, in the order of their sets."""
        rows = self._connection.execute(
            "SELECT digest, issuer, format, type, number, sealed, receipt, identifier FROM copy"
            " ORDER BY number, type, format, identifier"
        )
        return [
            HeldCopy(
                digest=digest,
                issuer=issuer,
                format=credential_format,
                type=name,
                number=number,
                **json.loads(self._open(sealed)),
                receipt=None if receipt is None else json.loads(self._open(receipt)),
                identifier=which,
            )
            for digest, issuer, credential_format, name, number, sealed, receipt, which in rows
        ]

    def delete(self, digest: str) -> None:
        """Delete one copy for good; WalletError if there is none of that digest."""
        with self._transaction():
            gone = self._connection.execute("DELETE FROM copy WHERE digest = ?", (digest,)).rowcount
        if not gone:
            raise WalletError("unknown_copy", "there is no copy of that digest; list them first")

    def keep_receipt(self, digest: str, receipt: dict[str, Any]) -> None:
        """Keep the receipt of a copy."""
        sealed = self._seal(json.dumps(receipt).encode())
        with self._transaction():
            self._connection.execute(
                "UPDATE copy SET receipt = ? WHERE digest = ?", (sealed, digest)
            )

    def presentation_set(
        self, client_id: str, available: int, *, keep: bool, reuse: bool = False
    ) -> int:
        """Return the set that this verifier sees: always the same, and no other verifier's.

        Args:
            client_id: of the verifier.
            available: how many sets there are.
            keep: whether the verifier sees it now; one that only asked uses up no set.
            reuse: whether to go on counting when no set is left; copies are then shown again.

        Raises:
            WalletError: every set is another verifier's already, and none is reused.
        """
        with self._transaction():
            row = self._connection.execute(
                "SELECT number FROM presentation_set WHERE client_id = ?", (client_id,)
            ).fetchone()
            if row is not None:
                return int(row[0])
            used = self._connection.execute("SELECT COUNT(*) FROM presentation_set").fetchone()[0]
            if used >= available and not reuse:
                raise WalletError(
                    "no_fresh_copies",
                    "every copy has been shown to another verifier; fetch new copies first",
                )
            if keep:
                self._connection.execute(
                    "INSERT INTO presentation_set VALUES (?, ?)", (client_id, used)
                )
            return int(used)

    def keep_scan(self, scan: Scan) -> None:
        """Keep what was scanned until it is done."""
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO scan VALUES (?, ?)",
                (scan.id, self._seal(json.dumps(scan.as_json()).encode())),
            )

    def scan(self, scan_id: str) -> Scan:
        """Return what was scanned; WalletError if it is not known."""
        row = self._connection.execute(
            "SELECT sealed FROM scan WHERE id = ?", (scan_id,)
        ).fetchone()
        if row is None:
            raise WalletError("unknown_scan", "scan the code again")
        return Scan(**json.loads(self._open(row[0])))

    def scans(self) -> list[Scan]:
        """Return everything that was scanned, newest first."""
        rows = self._connection.execute("SELECT sealed FROM scan ORDER BY rowid DESC")
        return [Scan(**json.loads(self._open(row[0]))) for row in rows.fetchall()]

    def keep_paper(self, kind: str, name: str, content: Mapping[str, Any]) -> None:
        """Keep a paper under its kind and name; an older one goes."""
        sealed = self._seal(json.dumps(content).encode())
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO paper VALUES (?, ?, ?)", (kind, name, sealed)
            )

    def paper(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return a paper, None if there is none."""
        row = self._connection.execute(
            "SELECT sealed FROM paper WHERE kind = ? AND name = ?", (kind, name)
        ).fetchone()
        return None if row is None else self._document(row[0])

    def papers(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return all papers of a kind by their names."""
        rows = self._connection.execute(
            "SELECT name, sealed FROM paper WHERE kind = ? ORDER BY rowid", (kind,)
        )
        return {str(name): self._document(sealed) for name, sealed in rows.fetchall()}

    def drop_paper(self, kind: str, name: str) -> None:
        """Throw a paper away, if it is there."""
        with self._transaction():
            self._connection.execute("DELETE FROM paper WHERE kind = ? AND name = ?", (kind, name))

    def _document(self, sealed: bytes) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self._open(sealed))
        return content

    def snapshot(self) -> tuple[str, int] | None:
        """Return the newest snapshot of the registry that was relied on, and when it came."""
        row = self._connection.execute("SELECT compact, fetched_at FROM snapshot").fetchone()
        return None if row is None else (str(row[0]), int(row[1]))

    def keep_snapshot(self, compact: str, fetched_at: int) -> None:
        """Keep another snapshot in its place; it is public and needs no seal."""
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?)", (compact, fetched_at)
            )

    def note(self, at: int, entry: dict[str, Any]) -> None:
        """Add a line to the person's own history."""
        with self._transaction():
            sealed = self._seal(json.dumps(entry).encode())
            self._connection.execute("INSERT INTO history VALUES (?, ?)", (at, sealed))

    def history(self) -> list[dict[str, Any]]:
        """Return the history, newest first."""
        rows = self._connection.execute("SELECT at, sealed FROM history ORDER BY rowid DESC")
        return [{"at": at, **json.loads(self._open(sealed))} for at, sealed in rows]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def open_vault(settings: Settings) -> Vault:
    """Open the vault that the settings name; WalletError if it cannot be, or not with that."""
    try:
        return Vault(settings.folder, settings.passphrase.get_secret_value())
    except (OSError, sqlite3.Error) as error:
        raise WalletError(
            "vault_unreadable",
            f"{settings.folder} cannot be used as a wallet's folder ({error}); name another by"
            " WALLET_FOLDER, or put its wallet.sqlite back as it was",
        ) from error


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep other processes from setting up the same file meanwhile; SQLite does not for each step.

    The folder itself is locked, so that no file is left over.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _new_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _content(copy: HeldCopy) -> bytes:
    return json.dumps({"credential": copy.credential, "names": copy.names}).encode()
