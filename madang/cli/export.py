"""`madang export`: an issuer's database as an auditor reads it."""

from pathlib import Path
from typing import Annotated

import typer

from issuer.export import export_lines
from madang.infra.db import Database
from madang.infra.settings import CommonSettings


def export(
    tenant: Annotated[str, typer.Option(help="Whose rows.")],
    output: Annotated[Path, typer.Option(help="File to write, one JSON object a line.")],
    database: Annotated[Path | None, typer.Option(help="Another SQLite file.")] = None,
) -> None:
    """Write kind, digest, salt, index and reference of every row; nothing about people."""
    url = f"sqlite:///{database}" if database else CommonSettings().database("issuer")
    source = Database(url)
    with source.reading() as session:
        output.write_text("".join(f"{line}\n" for line in export_lines(session, tenant)), "utf-8")
    source.close()
