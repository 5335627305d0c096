"""Settings of the witnesses."""

from madang.core.merkle.witness import MAX_REQUEST_BYTES
from madang.infra.settings import CommonSettings


class Settings(CommonSettings):
    """What a witness needs beyond what every service has.

    Attributes:
        witness_name: of an audit body, which witnesses without a log of its own; the process
            then serves this one witness, and its origin stands in `origins` under "witness".
        witness_logs: verifier keys of further logs to watch, in their published form.
    """

    port: int = 8407
    max_body_bytes: int = MAX_REQUEST_BYTES
    witness_name: str = ""
    witness_logs: tuple[str, ...] = ()
