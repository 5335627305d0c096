"""Settings of the verifier."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from madang.core.protocol.oid4vp.client_id import Prefix
from madang.infra.settings import CommonSettings

Lapse = Literal["expired", "status_revoked", "status_suspended"]
"""What may be wrong with a certificate that is nevertheless genuine and the holder's."""


class Settings(CommonSettings):
    """What the verifier needs beyond what every service has.

    Attributes:
        presentation_seconds: how long a wallet has to answer a request.
        presentation_tries: refused answers after which a presentation is closed.
        result_seconds: how long the counter's presentation result counts.
        key_binding_seconds: how old the proof of the holder's key may be.
        clock_skew_seconds: how far other clocks may be off.
        status_list_bytes: largest status list accepted, also when unpacked.
        status_cache_seconds: longest time that a status list is used without asking for a newer
            one, whatever it allows.
        status_offline_seconds: longest time that a status list is used where nobody answers,
            whatever it allows.
        status_cache_lists: most status lists kept.
        status_cache_bytes: most bytes of all status lists kept.
        status_retry_seconds: how long an address that failed is left alone.
        decision_days: how long a decision document is kept.
        sweep_seconds: pause between deletions of keys and results whose time is over.
        refresh_seconds: how often a page that waits loads itself again.
        utc_offset_hours: of the office's clock.
        identification_lapses: lapses with which an identification still counts.
        request_lapses: lapses that an agency's own request is told of instead of being refused.
        client_id_prefix: how the municipalities name themselves in requests, where a caller names
            no other prefix.
        verifier_attestations: by municipality a file with its verifier attestation, a JWT.
        credential_anchors: PEM file, or folder of PEM and DER, with the roots of issuers whose
            types the catalogue lacks, and of authorities elsewhere for a standard's document types.
        federation_anchors: JSON file with the trust anchors of OpenID federations, a JWK Set by
            each entity identifier; without it no credential is in any federation.
        trusted_lists: the certificates on trusted lists: by the address of a list a file or folder
            of PEM and DER, as `madang trusted-list` writes it.
        federation_cache_seconds: longest time that an issuer's place in a federation is used
            without asking again, whatever the federation allows.
        transaction_types: JSON file with the types of transaction data that agencies may ask for;
            without it there are none.
        ask_outside_registry: municipalities that may ask what no registered purpose lists; our own
            wallets answer no such request.
        authorization_endpoint: what links to wallets begin with; empty for the schemes of the
            specifications.
        event_seconds: longest time between two looks of a page that is told of events.
        event_streams: how many pages are told of events at a time.
        eligibility_lapses: lapses that become a reason in the decision; every other failure
            refuses the answer. Such a certificate never counts as valid.
    """

    port: int = 8402
    presentation_seconds: int = 600
    presentation_tries: int = 5
    result_seconds: int = 600
    key_binding_seconds: int = 300
    clock_skew_seconds: int = 60
    status_list_bytes: int = 4_000_000
    status_cache_seconds: int = 60
    status_offline_seconds: int = 86_400
    status_cache_lists: int = 64
    status_cache_bytes: int = 64_000_000
    status_retry_seconds: int = 10
    decision_days: int = 1825
    refresh_seconds: int = 3
    sweep_seconds: float = 60.0
    utc_offset_hours: int = 9
    client_id_prefix: Prefix = Prefix.X509_HASH
    verifier_attestations: dict[str, Path] = Field(default_factory=dict)
    credential_anchors: Path | None = None
    federation_anchors: Path | None = None
    federation_cache_seconds: int = 300
    trusted_lists: dict[str, Path] = Field(default_factory=dict)
    transaction_types: Path | None = None
    ask_outside_registry: frozenset[str] = frozenset()
    authorization_endpoint: str = ""
    event_seconds: float = 2.0
    event_streams: int = 200
    identification_lapses: frozenset[Lapse] = frozenset()
    request_lapses: frozenset[Lapse] = frozenset()
    eligibility_lapses: frozenset[Lapse] = frozenset(
        {"expired", "status_revoked", "status_suspended"}
    )
