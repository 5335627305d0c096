"""Settings that every service has; all come from the environment as MADANG_<NAME>."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from madang.infra.db import sqlite_url


class SigningKey(BaseModel):
    """Files of a key that was made elsewhere.

    Attributes:
        key: PEM of the private key, PKCS#8 or SEC 1, not encrypted.
        chain: PEM of its certificates, leaf first, root left out.
        anchor: the root, PEM or DER, for `madang prepare` to keep among the municipality's; None
            when it is there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Path
    chain: Path
    anchor: Path | None = None


class ListeningError(RuntimeError):
    """A service cannot listen as the settings say; the message says what to do."""


class SettingsFileError(RuntimeError):
    """A file that a setting names is not what it should be; the message says which and why."""


class CommonSettings(BaseSettings):
    """Where things are, and the limits that all services keep.

    Attributes:
        state_dir: folder of everything that is kept: keys, databases, logs.
        catalog_dir: folder of certificate types, rules, tenants and texts.
        key_passphrase: opens the key files; there are no keys without one.
        pkcs11_module: the vendor's PKCS#11 library; keys are in files alone when it is empty.
        pkcs11_token: label of the token in it.
        pkcs11_pin: the user's PIN of that token.
        pkcs11_purposes: purposes whose new keys are made in the token; P-256 alone.
        origins: origin per service for a run without the municipalities' own hosts.
        database_url: SQLAlchemy address of this service's own database (`docs/postgresql.md`); a
            SQLite file in the state folder when empty.
        host: address on which connections are taken; another than loopback only with a
            certificate, for plain HTTP leaves no machine.
        port: of that address.
        tls_certificate: PEM of the server's certificate and what is between it and its root;
            without one the service speaks plain HTTP, for a proxy on the same machine.
        tls_key: PEM of that certificate's private key.
        tls_anchors: further authorities, beside those of the system, whose servers are called:
            a PEM file, or a folder of PEM and DER.
        signing_keys: keys from elsewhere in place of those in the state folder, by
            "<tenant>/<purpose>".
        max_body_bytes: longest request body accepted.
        http_timeout_seconds: longest wait for another service.
        http_max_bytes: longest answer of another service accepted.
        session_seconds: longest life of a staff session.
        session_idle_seconds: a staff session ends after so long without use.
        sign_in_tries: wrong passphrases in a row before an account is locked.
        sign_in_lock_seconds: how long it stays locked.
        allow_loopback_http: accept plain HTTP to loopback addresses; for a first run only.
        local_addresses: call addresses of this machine and of local networks for documents of
            others too; the services' own hosts are called wherever they are.
        accreditation_sources: addresses of snapshots of the registry; those of the municipalities'
            own logs when there is none.
        accreditation_record: `contract.json`, which tells where the registry is; the one in the
            state folder when it is empty.
        accreditation_max_age: seconds from its block after which a snapshot is not relied on.
        accreditation_refresh_seconds: time between two looks for a newer snapshot.
    """

    model_config = SettingsConfigDict(env_prefix="MADANG_", extra="ignore", frozen=True)

    state_dir: Path = Path("state")
    catalog_dir: Path = Path("catalog")
    key_passphrase: SecretStr = SecretStr("")
    pkcs11_module: Path | None = None
    pkcs11_token: str = ""
    pkcs11_pin: SecretStr = SecretStr("")
    pkcs11_purposes: frozenset[str] = frozenset({"issuer"})
    origins: dict[str, str] = Field(default_factory=dict)
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8400
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_anchors: Path | None = None
    signing_keys: dict[str, SigningKey] = Field(default_factory=dict)
    max_body_bytes: int = 1_000_000
    http_timeout_seconds: float = 10.0
    http_max_bytes: int = 16_000_000
    session_seconds: int = 8 * 3600
    session_idle_seconds: int = 1800
    sign_in_tries: int = 5
    sign_in_lock_seconds: int = 900
    allow_loopback_http: bool = False
    local_addresses: bool = False
    accreditation_sources: tuple[str, ...] = ()
    accreditation_record: Path | None = None
    accreditation_max_age: int = 86_400
    accreditation_refresh_seconds: float = 15.0

    def database(self, service: str) -> str:
        """Return the address of a service's own database."""
        return self.database_url or sqlite_url(self.state_dir / service / f"{service}.sqlite")
