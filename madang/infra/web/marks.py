"""The mark that every endpoint carries: who may call it, and in which form it refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

ATTRIBUTE: Final = "__access__"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Caller(StrEnum):
    """Who an endpoint is for."""

    ANYBODY = "anybody"
    PROTOCOL = "protocol"
    STAFF = "staff"
    RESIDENT = "resident"
    SERVICE = "service"


class Form(StrEnum):
    """In which form an endpoint refuses."""

    OAUTH = "oauth"
    PROBLEM = "problem"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an endpoint.

    Attributes:
        caller: the kind of caller.
        names: roles of staff, or names of services.
        form: form of a refusal.
        reason: why it is open, for those that are.
        upload_bytes: longest body with files, from those who are let in; 0 for no files.
    """

    caller: Caller
    names: frozenset[str]
    form: Form
    reason: str = ""
    upload_bytes: int = 0


def mark(access: Access) -> Callable[[Endpoint], Endpoint]:
    """Return a decorator that puts the mark on an endpoint."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, ATTRIBUTE, access)
        return endpoint

    return decorate


def access_of(endpoint: object) -> Access | None:
    """Return the mark of an endpoint, None if it has none."""
    found = getattr(endpoint, ATTRIBUTE, None)
    return found if isinstance(found, Access) else None
