"""Settings of the verifier."""

from pathlib import Path
from typing import Literal

from madang.infra.settings import CommonSettings

Lapse = Literal["expired", "status_revoked", "status_suspended"]
"""What may be wrong with a certificate that is nevertheless genuine and the holder's."""

ClientIdPrefix = Literal[
    "redirect_uri",
    "x509_san_dns",
    "x509_hash",
    "decentralized_identifier",
    "verifier_attestation",
]


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
        refresh_seconds: how often a page that waits loads itself again.
        utc_offset_hours: of the office's clock.
        identification_lapses: lapses with which an identification still counts.
        credential_anchors: authorities whose issuers count for types outside the catalogue.
        client_id_prefix: how the verifier names itself in signed requests (OpenID4VP 1.0 5.9.3).
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
    utc_offset_hours: int = 9
    credential_anchors: Path | None = None
    client_id_prefix: ClientIdPrefix = "x509_hash"
    identification_lapses: frozenset[Lapse] = frozenset()
    eligibility_lapses: frozenset[Lapse] = frozenset(
        {"expired", "status_revoked", "status_suspended"}
    )
