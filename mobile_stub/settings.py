"""Settings of the headless wallet; all come from the environment as WALLET_<NAME>."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from madang.core.protocol.oid4vp.transaction_type import Kind


class TransactionTypeSetting(BaseModel):
    """A type of transaction data that this person may authorize.

    Attributes:
        members: required members, each with its JSON kind.
        optional: likewise those that may be left out.
        element: namespace and identifier under which an mdoc authorizes it, if any may.
    """

    members: dict[str, Kind]
    optional: dict[str, Kind] = {}
    element: tuple[str, str] | None = None


class Settings(BaseSettings):
    """Where the wallet keeps its things and what it trusts.

    Attributes:
        folder: folder of this wallet alone.
        passphrase: opens it.
        anchors: folder with roots of municipalities, `**/*.der`; one has to be behind a snapshot.
        accreditations: address of the snapshot of the registry, `<log>/accreditations` of the
            person's municipality; without it verifiers are known by the settings alone.
        record: `contract.json`, which tells where the registry is.
        accreditation_max_age: seconds from its block after which a snapshot is not relied on.
        accreditation_refresh_seconds: age after which a newer snapshot is asked for.
        port: loopback port.
        copies: how many copies of each certificate to ask for: one for each verifier to come.
        allow_loopback_http: accept plain HTTP to loopback addresses; for a first run only.
        local_addresses: call https addresses of this machine and of local networks too, for a run
            on one machine; links of others then lead there as well.
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
        request_anchors: roots of verifiers that no registry knows, PEM or DER, a file or a folder;
            whoever stands below them may ask, and the person is told so.
        federation_anchors: JSON file with the trust anchors of OpenID federations, a JWK Set by
            each entity identifier; without it no issuer is in any federation.
        trusted_lists: the certificates on trusted lists, as JSON: by the address of a list a file
            or folder of PEM and DER, as `madang trusted-list` writes it.
        clients: file of pre-registered verifiers and of those who may attest others.
        unsigned_requests: answer to requests that nobody signed; the person is told so.
        named_verifiers: answer to DIDs that nobody vouches for; the person is told so.
        any_signature: take a request with one good signature of several.
        transaction_types: what may be authorized, as JSON by type.
        reuse_copies: show a copy to another verifier when no fresh one is left; they could then
            tell that it is one person.
        scopes: files with the queries that scopes of verifiers stand for, as JSON by scope.
        encrypted_requests: "required" takes no request in clear, so only such as are fetched by
            POST; "preferred" asks for those encrypted, "off" does not.
        auto_consent: agree to everything that is asked; for test tools alone.
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
    local_addresses: bool = False
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
    request_anchors: Path | None = None
    federation_anchors: Path | None = None
    trusted_lists: dict[str, Path] = {}
    clients: Path | None = None
    unsigned_requests: bool = False
    named_verifiers: bool = False
    any_signature: bool = False
    transaction_types: dict[str, TransactionTypeSetting] = {}
    reuse_copies: bool = False
    scopes: dict[str, Path] = {}
    encrypted_requests: Literal["required", "preferred", "off"] = "preferred"
    auto_consent: bool = False
