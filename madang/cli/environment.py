"""Settings from the environment; what is wrong with them is told by the names they have there."""

import re
from typing import Final, TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

from madang.cli.exit_codes import REFUSED

T = TypeVar("T", bound=BaseSettings)
_FIELD: Final = re.compile(r'field "(\w+)"')


def settings_from_environment(kind: type[T]) -> T:
    """Return settings of a kind; each that is wrong is told in a line, and ends the command."""
    prefix = kind.model_config.get("env_prefix", "")
    try:
        return kind()
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            name, *inner = map(str, each["loc"])
            place = f", {'.'.join(inner)}" if inner else ""
            typer.echo(f"refused: {prefix}{name.upper()}{place}: {each['msg']}", err=True)
        raise typer.Exit(REFUSED) from error
    except SettingsError as error:
        found = _FIELD.search(str(error))
        name = found[1].upper() if found else "*"
        typer.echo(f"refused: {prefix}{name} is not JSON, which was expected", err=True)
        raise typer.Exit(REFUSED) from error
