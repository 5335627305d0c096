"""Settings of the residents' services: the guide, and the wallet provider."""

from pydantic import Field

from madang.infra.settings import CommonSettings


class Settings(CommonSettings):
    """What guide and provider need beyond what every service has; all times in seconds.

    Attributes:
        page_seconds: how long a page may be kept.
        wallet_client_id: the wallet as an OAuth client; the provider's identifier when empty.
        wallet_name: of the wallet, for people.
        wallet_link: where people read about it; the guide's first page when empty.
        key_storage: how well wallets keep keys (OpenID4VCI 1.0 appendix D.2).
        user_authentication: how well they guard the use of keys (the same).
        wallet_attestation_seconds: life of a wallet attestation.
        key_attestation_seconds: life of a key attestation.
        nonce_seconds: life of a nonce.
        proof_seconds: oldest proof accepted.
        skew_seconds: how far other clocks may be off.
        status_list_size: statuses in one list; many, so that an index hides among them.
        status_list_fill_percent: a new list is begun when so much of one is used.
        status_list_ttl_seconds: how long readers may keep a list before they ask again.
        status_list_seconds: life of a published list.
        sweep_seconds: pause between deletions of what has expired.
    """

    port: int = 8404
    page_seconds: int = 300
    wallet_client_id: str = ""
    wallet_name: str = "Madang Wallet"
    wallet_link: str = ""
    key_storage: tuple[str, ...] = ("iso_18045_basic",)
    user_authentication: tuple[str, ...] = ("iso_18045_basic",)
    wallet_attestation_seconds: int = Field(default=3600, ge=60, le=86_400)
    key_attestation_seconds: int = Field(default=600, ge=60, le=86_400)
    nonce_seconds: int = 300
    proof_seconds: int = 300
    skew_seconds: int = 60
    status_list_size: int = Field(default=100_000, ge=8)
    status_list_fill_percent: int = Field(default=50, ge=1, le=90)
    status_list_ttl_seconds: int = Field(default=60, ge=1)
    status_list_seconds: int = Field(default=3600, ge=8)
    sweep_seconds: float = 60.0
