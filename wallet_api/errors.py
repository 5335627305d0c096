"""How the residents' services tell their errors."""

from madang.access import errors as access_errors
from madang.infra.hsm import HsmError
from madang.infra.key_ring import NoActiveKey
from madang.infra.web.errors import Refusal, Table
from wallet_api.guide.model import NotInGuide
from wallet_api.provider.model import Code, NoSuchInstance, NoSuchList, ProviderRefused

_FORBIDDEN = frozenset({Code.INSTANCE_UNKNOWN, Code.INSTANCE_REVOKED})


def _provider(error: ProviderRefused) -> Refusal:
    status = 403 if error.code in _FORBIDDEN else 400
    return Refusal(status, error.code, f"provider.{error.code}", error.description)


TABLE: Table = {
    **access_errors.TABLE,
    NotInGuide: lambda _: Refusal(404, "not_found"),
    ProviderRefused: _provider,
    NoSuchInstance: lambda _: Refusal(404, "not_found", "provider.no_such_instance"),
    NoSuchList: lambda _: Refusal(404, "not_found"),
    # A key is given up and the next one not active yet, or a hardware module is away.
    NoActiveKey: lambda _: Refusal(503, "temporarily_unavailable", "key.none_active"),
    HsmError: lambda _: Refusal(503, "temporarily_unavailable", "key.module_away"),
}
"""Error type to answer, for the whole service."""
