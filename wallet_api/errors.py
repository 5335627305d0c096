"""How the residents' guide tells its errors."""

from madang.access import errors as access_errors
from madang.infra.web.errors import Refusal, Table
from wallet_api.guide.model import NotInGuide

TABLE: Table = {
    **access_errors.TABLE,
    NotInGuide: lambda _: Refusal(404, "not_found"),
}
"""Error type to answer, for the whole service."""
