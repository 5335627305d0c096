"""With what a command ends."""

from typing import Final

REFUSED: Final = 1
"""What was asked for is refused, and the terminal says why."""
