"""Settings of the headless wallet; all come from the environment as WALLET_<NAME>."""

from pathlib import Path
from typing import Literal

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
        tls_anchors: further roots for servers' certificates, PEM or DER, a file or a folder.
        credential_anchors: roots of issuers that no registry knows; without any there are none.
        signed_metadata: "required" takes no issuer's metadata without a signature that holds,
            "preferred" takes it plain where none is offered, "off" does not ask for one.
        provider: address of the wallet provider; empty for a wallet without attestations.
        client_id: how servers know this wallet where it does not attest itself.
        client_key: PEM of the key that it then signs with (`private_key_jwt`).
        redirect_uri: where browsers come back to, when it is not `/callback` of the wallet itself.
        browser: "open" opens the device's browser for a log-in, "wait" waits for somebody to open
            what `/log-in` tells, "follow" follows redirects without a person, for test tools.
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
    tls_anchors: Path | None = None
    credential_anchors: Path | None = None
    signed_metadata: Literal["required", "preferred", "off"] = "preferred"
    provider: str = ""
    client_id: str = "madang-wallet"
    client_key: Path | None = None
    redirect_uri: str = ""
    browser: Literal["open", "wait", "follow"] = "open"
