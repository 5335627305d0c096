"""`madang trusted-list`: the certificates on an ETSI trusted list, in a folder for settings."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from madang.cli.refusing import refusing
from madang.core.trust.trusted_list import (
    GRANTED,
    MAX_BYTES,
    TrustedList,
    TrustedListError,
    parse,
)
from madang.infra.anchors import AnchorsError, parse_certificates
from madang.infra.clock import SystemClock
from madang.infra.files import EVERYBODY, write_whole


def trusted_list(
    file: Annotated[Path, typer.Argument(help="The list, XML of ETSI TS 119 612.")],
    folder: Annotated[Path, typer.Argument(help="Folder for the certificates; new or empty.")],
    *,
    signature_checked: Annotated[
        bool,
        typer.Option(
            "--signature-checked", help="Say that a tool of yours has checked the XML signature."
        ),
    ] = False,
    types: Annotated[
        list[str] | None,
        typer.Option("--service-type", help="Only services of this type; may be given again."),
    ] = None,
) -> None:
    """Write the certificates of the granted services of a trusted list, one DER file each.

    The XML signature is not checked here: do that before, and say so. A list that is over is
    refused. Lists that it points to are named and not fetched.
    """
    with refusing():
        if not signature_checked:
            told = "the XML signature is not checked here; check it and add --signature-checked"
            raise TrustedListError(told)
        found = read_list(file, now=SystemClock().now())
        written, unread = write_certificates(found, folder, types or ())
    if found.next_update is not None:
        typer.echo(f"valid until {datetime.fromtimestamp(found.next_update, UTC).isoformat()}")
    for address in found.pointers:
        typer.echo(f"points to {address}")
    if unread:
        typer.echo(f"left out {unread} that cannot be read", err=True)
    typer.echo(f"wrote {written} certificates to {folder}")


def read_list(file: Path, *, now: int) -> TrustedList:
    """Read a list that is not over.

    Raises:
        TrustedListError: the file cannot be read, is no list, or its time is over.
    """
    try:
        with file.open("rb") as opened:
            found = parse(opened.read(MAX_BYTES + 1))
    except OSError as error:
        raise TrustedListError(f"{file} cannot be read: {error.strerror}") from error
    if found.next_update is None or found.next_update <= now:
        raise TrustedListError("the list is over; fetch the one that follows it")
    return found


def write_certificates(
    found: TrustedList, folder: Path, types: tuple[str, ...] | list[str]
) -> tuple[int, int]:
    """Write the certificates of granted services; return how many, and how many are unreadable.

    Raises:
        TrustedListError: something is in the folder already, or nothing would be.
    """
    if folder.exists() and any(folder.iterdir()):
        raise TrustedListError(f"{folder} is not empty; what was granted before would stay")
    granted = (each for each in found.services if each.status == GRANTED)
    chosen = (each for each in granted if not types or each.type in types)
    ders = list(dict.fromkeys(der for each in chosen for der in each.certificates))
    readable = [der for der in ders if _is_readable(der)]
    if not readable:
        raise TrustedListError("no granted service of these types has a certificate")
    folder.mkdir(parents=True, exist_ok=True)
    for der in readable:
        write_whole(folder / f"{hashlib.sha256(der).hexdigest()}.der", der, EVERYBODY)
    return len(readable), len(ders) - len(readable)


def _is_readable(der: bytes) -> bool:
    try:
        parse_certificates(der, "a certificate")
    except AnchorsError:
        return False
    return True
