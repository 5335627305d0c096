"""Why somebody may not act, and how each is told."""

from madang.access.service_token import ServiceTokenError
from madang.infra.web.errors import Refusal, Table


class AccessError(Exception):
    """Base of all refusals at the door."""


class Closed(AccessError):  # noqa: N818 - a state of the route
    """The route has no mark: nobody may call it."""


class SignInNeeded(AccessError):  # noqa: N818 - a state of the reader
    """Nobody is signed in here.

    Attributes:
        location: the sign-in page.
    """

    def __init__(self, location: str) -> None:
        super().__init__("sign in first")
        self.location = location


class WrongRole(AccessError):  # noqa: N818 - a state of the reader
    """The signed-in person lacks the role."""


class ForeignTenant(AccessError):  # noqa: N818 - a state of the reader
    """The session belongs to another municipality: answered as if there were nothing."""


class ForgedForm(AccessError):  # noqa: N818 - a state of the request
    """A form came without the token that its page carried."""


TABLE: Table = {
    Closed: lambda _: Refusal(403, "forbidden", "access.closed_route"),
    SignInNeeded: lambda error: Refusal(
        401, "sign_in_needed", "access.no_session", location=error.location
    ),
    WrongRole: lambda _: Refusal(403, "wrong_role", "access.wrong_role"),
    ForeignTenant: lambda _: Refusal(404, "not_found", "access.foreign_tenant"),
    ForgedForm: lambda _: Refusal(403, "form_expired", "access.forged_form"),
    ServiceTokenError: lambda error: Refusal(
        401,
        error.code,
        f"access.{error.code}",
        headers={"www-authenticate": f'Bearer error="{error.code}"'},
    ),
}
"""Refusals at the door, the same in every service."""
