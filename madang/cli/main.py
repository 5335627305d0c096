"""The command `madang`; what stands behind a command is loaded when that is called."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter


@dataclass(frozen=True, slots=True)
class Later:
    """A command that is not loaded yet.

    Attributes:
        module: of `madang.cli`.
        name: in it, of a function or of a group of commands.
        help: its first line of help, so that a list of commands needs no more.
    """

    module: str
    name: str
    help: str

    def load(self, command: str) -> "Command":
        """Return the command, called so."""
        found = getattr(import_module(f"madang.cli.{self.module}"), self.name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(command)(found)
            return typer.main.get_command(alone)
        group = typer.main.get_group(found)
        group.name = command
        return group


COMMANDS: Final = {
    "serve": Later(
        *("serve", "serve"),
        "Serve one service, over TLS if there is a certificate; settings come from MADANG_*.",
    ),
    "ca": Later(
        *("ca", "make_ca"),
        "Make a root, a TLS server's certificate, and signing keys with chains below it.",
    ),
    "trusted-list": Later(
        *("trusted_list", "trusted_list"),
        "Write the certificates of the granted services of a trusted list, one DER file each.",
    ),
    "prepare": Later(
        *("prepare", "prepare"),
        "Make keys, chains and trust anchors that are missing; settings come from MADANG_*.",
    ),
    "staff": Later(
        *("staff", "staff"),
        "Make an account for a member of staff, or give one another passphrase and other roles.",
    ),
    "export": Later(
        *("export", "export"),
        "Write kind, digest, salt, index and reference of every row; nothing about people.",
    ),
    "openapi": Later(
        *("openapi", "openapi"),
        "Print how a service is called (OpenAPI 3.1); the same as its /openapi.json.",
    ),
    "ceremony": Later(
        *("ceremony", "ceremony_command"),
        "Make the root with two officers, each with a secret of their own, and write a transcript.",
    ),
    "run": Later(
        *("run", "run"),
        "Start a city on this machine, walk the main path, and keep serving.",
    ),
    "keys": Later("keys", "app", "List, rotate and give up the keys that turn."),
    "chain": Later("chain", "app", "Run and configure the chain of the municipalities."),
    "accreditation": Later(
        *("accreditation", "app"), "Who may issue and ask, and what is decided about that."
    ),
    "evidence": Later("evidence", "app", "Files that prove an entry without any network."),
    "wallet": Later(
        *("wallet", "app"), "Take certificates and show them, as a resident does; for machines too."
    ),
    "audit": Later("audits", "app", "An auditor's checks, from outside."),
}


class _Commands(TyperGroup):
    """Knows its commands by name and loads the one that is called."""

    def list_commands(self, ctx: "Context") -> list[str]:  # noqa: ARG002 - as every group's
        return list(COMMANDS)

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":  # noqa: ARG002
        found = COMMANDS.get(cmd_name)
        return None if found is None else found.load(cmd_name)

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        told = [TyperCommand(name, help=each.help) for name, each in COMMANDS.items()]
        shown = TyperGroup(name=self.name, help=self.help, params=self.params, commands=told)
        shown.format_help(ctx, formatter)


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False)


@app.callback()
def madang() -> None:
    """Identity and credential wallet for cities."""


if __name__ == "__main__":
    app()
