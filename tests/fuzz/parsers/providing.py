"""What a wallet sends its provider."""

from madang.core.envelope import jws
from madang.core.protocol.typed_jwt import Window
from madang.core.protocol.wallet_provider import INSTANCE_PROOF, check_proof
from tests.fuzz.harness import harness, text
from tests.fuzz.world import HOLDER, ISSUER, NOW

WINDOW = Window(NOW, 300, 60)


class RefusedError(Exception):
    """The one error of these proofs."""


@harness(RefusedError)
def wallet_proof(data: bytes) -> None:
    check_proof(text(data), INSTANCE_PROOF, endpoint=ISSUER, window=WINDOW, refuse=RefusedError)


@harness(RefusedError)
def wallet_proof_signed(data: bytes) -> None:
    header = {"typ": INSTANCE_PROOF, "jwk": HOLDER.public_key.to_jwk()}
    compact = jws.sign(data, header, HOLDER)
    check_proof(compact, INSTANCE_PROOF, endpoint=ISSUER, window=WINDOW, refuse=RefusedError)
