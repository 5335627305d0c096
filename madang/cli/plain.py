"""Lines for a terminal of which others wrote parts."""


def plain(text: str) -> str:
    """Return a line whose every character is seen.

    Else what another wrote could move the terminal's cursor, and wipe out what stands there.
    """
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
