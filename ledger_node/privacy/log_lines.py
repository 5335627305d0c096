"""Lines of the services' logs, by closed forms: a line that no form fits is named.

Each message that a service may log has its form here; a test holds the table against the sources.
Where a message ends in the text of an error, the text is held to printable ASCII, in which no
Korean or Japanese name can stand, and to the list of values.
"""

import re
from collections.abc import Iterable
from typing import Final

from ledger_node.privacy.model import Search
from ledger_node.privacy.needles import Needles
from ledger_node.privacy.published import search_values

MAX_LINE: Final = 2000

_CLASS: Final = r"[A-Za-z_][A-Za-z0-9_.]{0,99}"
_TENANT: Final = r"[a-z][a-z0-9-]{0,31}"
_KEY: Final = r"[A-Za-z0-9._:/-]{1,200}"
_PATH: Final = r"[!-~]{1,255}"
_WORDS: Final = r"[ -~]{0,1000}"
_NUMBER: Final = r"[0-9]{1,20}(?:\.[0-9]{1,9})?"
_BLOCK: Final = f"(?:block )?{_NUMBER}"

MESSAGES: Final = (
    f"the database does not answer; tried again in {_NUMBER} s",
    "background work has stopped",
    f"entries wait for the log: {_CLASS}",
    f"the log of {_TENANT} does not take the entry {_KEY}",
    f"status lists go without a second signature: {_WORDS}",
    f"no step of {_TENANT}/[a-z_-]+ is entered: {_WORDS}",
    f"no newer snapshot: [a-z_]+: {_WORDS}",
    "the database does not answer; the snapshot is not kept",
    f"the accreditations wait: {_WORDS}",
    f"the accreditations are not signed, the last ones stay: {_WORDS}",
    f"the accreditations of block {_NUMBER} are published",
    f"the log is held: {_WORDS}",
    f"the files of {_KEY} are written anew: {_WORDS}",
    f"too few witnesses of {_KEY} answer to tell that its disk is whole",
    f"the witness {_KEY} is not asked: {_WORDS}",
    f"the witness {_KEY} has not signed: {_WORDS}",
    f"the log of {_TENANT} waits: {_CLASS}",
    rf"the log of {_TENANT} waits for the chain \([a-z_]+\): {_WORDS}",
    f"the chain took block {_NUMBER} back; {_KEY} is in (?:none, and is sent again|{_BLOCK})",
    "the chain engine has ended; it is started again with the whole record",
    f"the chain engine was not started again: {_WORDS}",
    f"the chain's cache was not written: {_WORDS}",
    f"the contracts are deployed, founded and sealed; {_PATH} names them",
    f"the contract refused the head of {_TENANT} with {_NUMBER} entries",
)
"""What the services log, in the order of their sources."""

_SERVER: Final = (
    rf"(?:Started|Finished) server process \[{_NUMBER}\]",
    r"Waiting for (?:application startup|application shutdown)\.",
    r"Waiting for (?:connections to close|background tasks to complete)\. \(CTRL\+C to [a-z ]+\)",
    r"Application (?:startup complete\.|shutdown complete\.|startup failed\. Exiting\.)",
    rf"Uvicorn running on http://127\.0\.0\.1:{_NUMBER} \(Press CTRL\+C to quit\)",
    "Shutting down",
    "Exception in ASGI application",
    r"Invalid HTTP request received\.",
)
_LEVEL: Final = "(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)"
_TIME: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
_LINE: Final = re.compile(
    rf"{_TIME} {_LEVEL} {_CLASS} (?:{'|'.join((*MESSAGES, *_SERVER))})"
    rf"|{_LEVEL}: {{1,9}}(?:{'|'.join(_SERVER)})"
)
_TRACE: Final = re.compile(r"(?:  \+ Exception Group )?Traceback \(most recent call last\):")
_FRAME: Final = re.compile(
    rf'  (?:\| +)?File "{_PATH}", line {_NUMBER}, in [A-Za-z0-9_<>.]+|   {_WORDS}'
)
_ERROR: Final = re.compile(rf"(?:  \| )?{_CLASS}(?:: {_WORDS})?")
_BETWEEN: Final = re.compile(
    "During handling of the above exception, another exception occurred:"
    "|The above exception was the direct cause of the following exception:"
)


def search_lines(lines: Iterable[bytes], where: str, needles: Needles, search: Search) -> None:
    """Look through the lines of one file, each with or without its newline."""
    inside = False
    for number, line in enumerate(lines, 1):
        search.looked["log_lines"] += 1
        place = f"{where}, line {number}"
        search_values(line, place, needles, search)
        known, inside = read_line(line, inside=inside)
        if not known:
            search.find("line_unknown", place, "expected a line that a service is known to log")


def read_line(line: bytes, *, inside: bool) -> tuple[bool, bool]:
    """Return whether a service may have logged a line, and whether a trace goes on behind it.

    Args:
        line: with or without its newline.
        inside: whether it stands in the trace of an exception, which ends with its name.
    """
    bare = line.rstrip(b"\r\n").decode("ascii", "replace")
    if len(bare) > MAX_LINE or not bare.isascii():
        return False, inside
    if _TRACE.fullmatch(bare):
        return True, True
    if inside and _FRAME.fullmatch(bare):
        return True, True
    if inside:
        return _ERROR.fullmatch(bare) is not None, False
    return not bare or bool(_LINE.fullmatch(bare) or _BETWEEN.fullmatch(bare)), False
