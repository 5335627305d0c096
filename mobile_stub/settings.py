"""Settings of the headless wallet; all come from the environment as WALLET_<NAME>."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the wallet keeps its things and what it trusts.

    Attributes:
        folder: folder of this wallet alone.
        passphrase: opens it.
        anchors: folder with roots of municipalities, `**/*.der`; one has to be behind a snapshot.
        accreditations: address of the snapshot of the registry, `<log>/accreditations` of the
            person's municipality.
        record: `contract.json`, which tells where the registry is.
        accreditation_max_age: seconds from its block after which a snapshot is not relied on.
        accreditation_refresh_seconds: age after which a newer snapshot is asked for.
        port: loopback port.
        copies: how many copies of each certificate to ask for: one for each verifier to come.
        allow_loopback_http: accept plain HTTP to loopback addresses; for a first run only.
        http_timeout_seconds: longest wait for an answer.
        http_max_bytes: longest answer accepted.
        max_picture_bytes: longest picture accepted.
    """

    model_config = SettingsConfigDict(env_prefix="WALLET_", extra="ignore", frozen=True)

    folder: Path = Path("wallet")
    passphrase: SecretStr = SecretStr("")
    anchors: Path = Path("anchors")
    accreditations: str = ""
    record: Path = Path("contract.json")
    accreditation_max_age: int = 86_400
    accreditation_refresh_seconds: int = 60
    port: int = 8410
    copies: int = 4
    allow_loopback_http: bool = False
    http_timeout_seconds: float = 15.0
    http_max_bytes: int = 2_000_000
    max_picture_bytes: int = 8_000_000
