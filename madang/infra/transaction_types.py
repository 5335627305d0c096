"""The types of transaction data that agencies ask for and mdocs authorize, from a file."""

from pathlib import Path

from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes, parse_types
from madang.infra.settings import SettingsFileError


class TransactionTypesError(SettingsFileError):
    """The file that the settings name holds no types; the message says why."""


def load_transaction_types(path: Path | None) -> TransactionTypes:
    """Return the types by name, none without a file; TransactionTypesError."""
    if path is None:
        return {}
    try:
        return parse_types(path.read_bytes())
    except OSError as error:
        raise TransactionTypesError(f"{path} cannot be read") from error
    except VpError as error:
        raise TransactionTypesError(f"{path}: {error.detail}") from error
