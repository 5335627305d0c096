"""Settings of the issuer; each comes from the environment as MADANG_<NAME>."""

from pathlib import Path

from pydantic import Field

from issuer.types.rules import KeyRule
from madang.core.catalog.certificate_type import IdentityLevel
from madang.infra.settings import CommonSettings


class Settings(CommonSettings):
    """Lives, limits and sizes of the issuer; all times in seconds.

    Attributes:
        proofing_seconds: how long after a proofing an offer can be made from it.
        offer_seconds: life of an offer's code.
        renew_seconds: how long after its making an offer can be renewed.
        tx_code_digits: length of the transaction code.
        tx_code_tries: wrong transaction codes that burn an offer.
        token_seconds: life of an access token, and of the kept answer under it; one that is bound
            to no key lasts 300 at most.
        refresh_seconds: life of a refresh token.
        request_seconds: how long a pushed authorization request may be opened.
        pending_seconds: how long a person may take to log in and agree.
        dpop_nonce_seconds: life of a DPoP nonce and of an attestation challenge.
        dpop_seconds: oldest DPoP proof accepted.
        bearer_tokens: whether a wallet without a client may have a token bound to no key.
        nonce_seconds: life of a nonce.
        batch_size: most copies in one request.
        proof_seconds: oldest key proof or receipt request accepted.
        presentation_seconds: oldest presentation result accepted.
        skew_seconds: how far other clocks may be off.
        status_list_size: statuses in one list; many, so that an index hides among them.
        status_list_fill_percent: a new list is begun when so much of one is used.
        status_list_ttl_seconds: how long readers may keep a list before they ask again.
        status_list_seconds: life of a published list; as long readers do without the network.
        status_stagger_seconds: over how long the copies of a certificate change in the lists;
            0 changes them together. docs/adr/0024-copies-change-apart.md names the bound.
        receipts_most: most receipts in one request.
        copies_most: most copies of one certificate in one format under one offer, however often it
            is fetched for the same keys.
        tx_code_free_level: an offer can do without a transaction code where no type needs a higher
            level of identity than this.
        approved_types: certificate types that a clerk has to approve before they are issued.
        approval_seconds: how long a wallet without a client can come back for what a clerk has to
            approve: life of its refresh tokens.
        deferred_interval_seconds: how long a wallet should wait before it asks again.
        deferred_seconds: how long an issue that was put off is remembered; no token that could
            fetch it lives longer.
        deferred_notifications: whether copies that were put off come with a `notification_id`, by
            which the counter hears what became of them (OpenID4VCI 1.0 section 9.2); wallets on
            npm @openid4vc/openid4vci 0.4.6 and earlier refuse such copies.
        deferrals_shown: most issues that wait for a clerk in one answer.
        key_attestations_required: how holder keys have to be kept, by certificate type:
            `{"<type>": {"key_storage": ["iso_18045_high"], "user_authentication": []}}`.
        attestation_status_seconds: how long a provider's status list is used.
        encryption_required: whether credential requests and answers have to be encrypted.
        document_seconds: how long metadata documents may be kept.
        sweep_seconds: pause between deletions of what has expired.
        utc_offset_hours: of the office's day.
        upstream_document_seconds: how long a provider's metadata and keys are kept.
        upstream_token_seconds: oldest ID token, and oldest log-in behind it, accepted.
        log_in_seconds: longest life of a resident's log-in.
        log_in_tries: ways of logging in that may be begun for one request of a wallet.
        log_in_look_seconds: shortest time between two questions to the verifier about one log-in.
        log_in_purpose: what the Digital ID is asked for, as registered.
        register_seed: seed of the made-up register.
        register_households: households in the made-up register.
        wallet_anchors: authorities of wallet providers, whose wallet attestations count.
        key_attestation_anchors: authorities whose key attestations count.
        clients_file: clients of the authorization server, beside those entered by API.
        upstream_file: the OpenID provider with which residents may log in.
        transaction_types: JSON file with the types of transaction data: what an mdoc's holder may
            authorize, by the elements that they name; the verifier's own.
    """

    proofing_seconds: int = 1800
    offer_seconds: int = 900
    renew_seconds: int = 7200
    tx_code_digits: int = 6
    tx_code_tries: int = 5
    token_seconds: int = 600
    refresh_seconds: int = 30 * 86_400
    request_seconds: int = Field(default=300, ge=5, lt=600)
    pending_seconds: int = 900
    dpop_nonce_seconds: int = 300
    dpop_seconds: int = 120
    bearer_tokens: bool = True
    nonce_seconds: int = 300
    batch_size: int = Field(default=4, ge=2)
    proof_seconds: int = 300
    presentation_seconds: int = 600
    skew_seconds: int = 60
    status_list_size: int = Field(default=100_000, ge=8)
    status_list_fill_percent: int = Field(default=50, ge=1, le=90)
    status_list_ttl_seconds: int = Field(default=300, ge=1)
    status_list_seconds: int = Field(default=86_400, ge=8)
    status_stagger_seconds: int = Field(default=900, ge=0)
    receipts_most: int = 64
    copies_most: int = 64
    tx_code_free_level: IdentityLevel = IdentityLevel.LOW
    approved_types: frozenset[str] = frozenset()
    approval_seconds: int = 7 * 86_400
    deferred_interval_seconds: int = Field(default=60, ge=1)
    deferred_seconds: int = 30 * 86_400
    deferred_notifications: bool = False
    deferrals_shown: int = 200
    key_attestations_required: dict[str, KeyRule] = Field(default_factory=dict)
    attestation_status_seconds: int = 60
    encryption_required: bool = False
    document_seconds: int = 300
    sweep_seconds: float = 60.0
    utc_offset_hours: int = 9
    upstream_document_seconds: int = 300
    upstream_token_seconds: int = 300
    log_in_seconds: int = 900
    log_in_tries: int = Field(default=5, ge=1)
    log_in_look_seconds: int = Field(default=2, ge=1)
    log_in_purpose: str = "issuer_sign_in"
    register_seed: int = 1
    register_households: int = 400
    wallet_anchors: Path | None = None
    key_attestation_anchors: Path | None = None
    clients_file: Path | None = None
    upstream_file: Path | None = None
    transaction_types: Path | None = None
