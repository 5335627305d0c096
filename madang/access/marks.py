"""Marks for endpoints; an endpoint without one is closed to everybody."""

from collections.abc import Callable

from madang.infra.web.marks import Access, Caller, Endpoint, Form, mark


def public(reason: str, form: Form = Form.PAGE) -> Callable[[Endpoint], Endpoint]:
    """Open to anybody, for this reason."""
    return mark(Access(Caller.ANYBODY, frozenset(), form, reason))


def protocol(reason: str, form: Form = Form.OAUTH) -> Callable[[Endpoint], Endpoint]:
    """Open at this door because the protocol's own proof is checked behind it."""
    return mark(Access(Caller.PROTOCOL, frozenset(), form, reason))


def staff(
    *roles: str, form: Form = Form.PAGE, upload_bytes: int = 0
) -> Callable[[Endpoint], Endpoint]:
    """For signed-in staff of the tenant who have one of the roles, and may send files up to here.

    What they sent is in `request.state.form`: text as text, a file as bytes.
    """
    return mark(Access(Caller.STAFF, frozenset(roles), form, upload_bytes=upload_bytes))


def resident(form: Form = Form.PAGE) -> Callable[[Endpoint], Endpoint]:
    """For the resident whose browser brought the request that the path names and that waits.

    What a form sent is in `request.state.form`, how the log-in stands in `request.state.visit`.
    """
    return mark(Access(Caller.RESIDENT, frozenset(), form))


def service(*roles: str) -> Callable[[Endpoint], Endpoint]:
    """For services with a token of their own; with roles, only on behalf of staff who have one."""
    return mark(Access(Caller.SERVICE, frozenset(roles), Form.PROBLEM))
