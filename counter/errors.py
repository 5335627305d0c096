"""How the counter tells its errors."""

from counter.cases.model import WrongStep
from counter.cases.offices import OfficeRefused, OfficeUnreachable
from counter.cases.routes import FormIncomplete
from counter.cases.usecases import NoSuchCase, NothingChosen
from madang.access import errors as access_errors
from madang.infra.web.errors import Refusal, Table

TABLE: Table = {
    **access_errors.TABLE,
    NoSuchCase: lambda _: Refusal(404, "not_found", "case.unknown"),
    WrongStep: lambda _: Refusal(409, "wrong_step", "case.wrong_step"),
    FormIncomplete: lambda _: Refusal(400, "form_incomplete", "case.form_incomplete"),
    NothingChosen: lambda _: Refusal(400, "nothing_chosen", "case.nothing_chosen"),
    OfficeRefused: lambda error: Refusal(409, error.code.value, f"office.{error.code.value}"),
    OfficeUnreachable: lambda error: Refusal(
        502, f"{error.office.value}_unreachable", f"office.{error.office.value}_unreachable"
    ),
}
"""Error type to answer, for the whole service."""
