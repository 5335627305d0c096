"""DPoP proofs at the door: the nonce, and one use each (RFC 9449 sections 8, 9 and 11.1)."""

from collections.abc import Sequence

from madang.access.authorization.policy import Ground
from madang.access.authorization.store import UsedId
from madang.core.protocol.oauth.dpop import DpopProof, check_dpop
from madang.core.protocol.oauth.errors import OAuthCode, OAuthError, invalid_dpop_proof


def checked_proof(
    ground: Ground,
    tenant: str,
    sent: Sequence[str],
    *,
    method: str,
    url: str,
    now: int,
    access_token: str | None = None,
) -> DpopProof | None:
    """Return the proof of a request; None if none was sent.

    The nonce comes last: whoever is asked for one has a proof that holds but for it.

    Args:
        ground: clock, policy, nonces.
        tenant: the municipality.
        sent: every header DPoP of the request.
        method: HTTP method.
        url: the endpoint's address as clients know it.
        now: epoch seconds.
        access_token: what came with it, None at the authorization server.

    Raises:
        OAuthError: invalid_dpop_proof or use_dpop_nonce.
    """
    if not sent:
        return None
    if len(sent) > 1:
        raise invalid_dpop_proof("one header DPoP was expected")
    window = ground.window(now, ground.policy.proof_seconds)
    proof = check_dpop(sent[0], method=method, url=url, window=window, access_token=access_token)
    if proof.nonce is None or not ground.dpop_nonces(tenant).good(proof.nonce, now):
        told = "the claim nonce should be the newest from the header DPoP-Nonce"
        raise OAuthError(OAuthCode.USE_DPOP_NONCE, told)
    return proof


def proof_id(ground: Ground, tenant: str, proof: DpopProof, url: str, now: int) -> UsedId:
    """Return what is to be taken of a proof: its id counts for one key and one address."""
    until = now + ground.policy.proof_seconds + 2 * ground.policy.skew_seconds
    return UsedId(("dpop", tenant, proof.jkt, url, proof.jti), until)
