"""What a wallet reads of verifiers: requests by the API, and its file of clients."""

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.protocol.oid4vp.dc_api_check import clients_of, parse_digital, verify_digital
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.known_clients import parse_known_clients
from madang.core.protocol.oid4vp.transaction_type import parse_types
from madang.core.protocol.oid4vp.wallet_answer import asked_of
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from tests.fuzz.harness import harness
from tests.fuzz.world import NOW, ROOT_DER

POLICY = WalletPolicy((ROOT_DER,), NOW, unsigned=True)


@harness(VpError)
def known_clients(data: bytes) -> None:
    parse_known_clients(data)


@harness(VpError)
def transaction_types(data: bytes) -> None:
    parse_types(data)


@harness(EncodingError, VpError)
def digital_request(data: bytes) -> None:
    request = parse_digital(strict_json.loads(data))
    clients_of(request)
    asked_of(verify_digital(request, origin="https://mapo.example", policy=POLICY))
