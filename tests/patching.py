"""What a test may put in the place of a function of the whole process."""

import threading
from collections.abc import Callable
from typing import TypeVar

Call = TypeVar("Call", bound=Callable[..., object])


def only_here(does: Call, elsewhere: Call) -> Call:
    """Return what does one thing in this thread and another in all others.

    What a test puts in the place of a function of the whole process would else be met by the
    services that run beside it.
    """
    here = threading.get_ident()

    def call(*args: object, **named: object) -> object:
        function = does if threading.get_ident() == here else elsewhere
        return function(*args, **named)

    return call  # type: ignore[return-value]
