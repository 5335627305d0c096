"""`madang wallet`: accept offers, answer verifiers, and look after what is held.

What goes over the network is loaded where it is needed: to look at what is held takes none of it.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer
from pydantic import SecretStr

from madang.cli.environment import settings_from_environment
from madang.cli.exit_codes import REFUSED
from madang.cli.plain import plain
from madang.core.formats.identifiers import MSO_MDOC
from mobile_stub.adapters import system
from mobile_stub.adapters.vault import Vault, open_vault
from mobile_stub.errors import WalletError
from mobile_stub.held import listed, shown
from mobile_stub.model import WAIT_SECONDS
from mobile_stub.receiving.model import DELIVERED
from mobile_stub.settings import Settings

if TYPE_CHECKING:
    from mobile_stub.adapters.loopback import LoopbackBrowser
    from mobile_stub.presenting.model import Decision
    from mobile_stub.wallet import Wallet

T = TypeVar("T")
app = typer.Typer(
    no_args_is_help=True,
    help="Take certificates and show them, as a resident does; for machines too."
    " Settings come from WALLET_*; exit 1 says that it was refused or not agreed.",
)
LinkArgument = Annotated[str, typer.Argument(help="What a QR code says or a button leads to.")]
_ANY_DIGEST: Final = {"ignore_unknown_options": True}
"""One digest in 64 begins with a hyphen."""
DigestArgument = Annotated[str, typer.Argument(help="The copy, as `list` names it.")]
FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Where the wallet is; WALLET_FOLDER if left out.")
]
SecretOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="A file with the passphrase; WALLET_PASSPHRASE if left out, and else it asks.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON; a refusal has error and detail.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Agree without being asked.")]
_NOT_AGREED: Final = "not agreed; nothing was shown"
_NOT_HELD: Final = "not everything that it needs is held; nothing was shown, and it was told no"


@app.command()
def accept(
    link: LinkArgument,
    *,
    tx_code: Annotated[
        str, typer.Option("--tx-code", help="The code that came by letter or message.")
    ] = "",
    folder: FolderOption = None,
    secret: SecretOption = None,
    yes: YesOption = False,
    browser: Annotated[
        bool, typer.Option("--browser", help="Open where a log-in is needed, not only tell it.")
    ] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=1, help="Seconds that a log-in may take.")
    ] = WAIT_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Fetch what an offer holds, after a log-in at its issuer where that is needed."""

    async def work(wallet: "Wallet") -> dict[str, Any]:
        scan = await wallet.open(link)
        if scan.kind != "offer":
            raise WalletError("not_an_offer", "this link asks for something; use `present`")
        if not (as_json and yes):
            _tell_offer(scan.preview)
        if not yes and not typer.confirm("Fetch it?", err=True):
            raise typer.Exit(REFUSED)
        code = tx_code
        if not code and scan.preview.get("needs_code"):
            code = typer.prompt("Code", err=True)
        return await wallet.accept(scan, code or None, _log_in(wallet, browser=browser, wait=wait))

    done = _with_wallet(folder, secret, work, as_json=as_json)
    _tell_taken(done, as_json=as_json)


@app.command()
def waiting(
    *, folder: FolderOption = None, secret: SecretOption = None, as_json: JsonOption = False
) -> None:
    """Fetch what issuers promised for later, as far as it is due."""

    async def work(wallet: "Wallet") -> dict[str, Any]:
        return {"credentials": await wallet.receiver.waiting(system.now())}

    done = _with_wallet(folder, secret, work, as_json=as_json)
    if not done["credentials"] and not as_json:
        typer.echo("nothing is waited for")
    _tell_taken(done, as_json=as_json)


@app.command()
def serve(*, folder: FolderOption = None, secret: SecretOption = None) -> None:
    """Serve the wallet's page, and what other tools call, to this machine alone."""
    import uvicorn  # noqa: PLC0415 - see above

    from mobile_stub.adapters.network import Network  # noqa: PLC0415
    from mobile_stub.app import build  # noqa: PLC0415
    from mobile_stub.wallet import wallet_over  # noqa: PLC0415

    with _opened(folder, secret, as_json=False) as (vault, settings):
        page = build(wallet_over(vault, settings, Network(settings)))
        port = settings.port
        uvicorn.run(page, host="127.0.0.1", port=port, access_log=False, server_header=False)


@app.command()
def present(
    link: LinkArgument,
    *,
    folder: FolderOption = None,
    secret: SecretOption = None,
    yes: YesOption = False,
    no: Annotated[bool, typer.Option("--no", help="Decline; the verifier is told.")] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option("--leave-out", help="Name of what is not shown."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser", help="Open the page where the verifier goes on.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a verifier's request, after showing who asks for what."""
    from mobile_stub.presenting.model import Decision  # noqa: PLC0415 - see above

    possible = True

    async def person(preview: Mapping[str, Any]) -> "Decision":
        nonlocal possible
        possible = bool(preview["possible"])
        if not (as_json and (yes or no)):
            _tell_request(preview)
        agree = not no and possible
        if agree and not yes:
            agree = typer.confirm("Show this?", err=True)
        return Decision(agree, dict.fromkeys(leave_out or (), ()))

    done = _with_wallet(
        folder, secret, lambda wallet: wallet.present(link, person), as_json=as_json
    )
    if as_json:
        typer.echo(json.dumps(done))
    elif done["status"] == "accepted":
        typer.echo("shown, and taken by the verifier")
    else:
        typer.echo(_NOT_AGREED if possible or no else _NOT_HELD)
    _go_on(done.get("redirect_uri"), browser=browser, quiet=as_json)
    if done["status"] != "accepted":
        raise typer.Exit(REFUSED)


@app.command("list")
def list_copies(
    *, folder: FolderOption = None, secret: SecretOption = None, as_json: JsonOption = False
) -> None:
    """List every copy that is held, without what it says of the person."""
    with _opened(folder, secret, as_json=as_json) as (vault, _):
        found = [listed(copy) for copy in vault.copies()]
    if as_json:
        typer.echo(json.dumps(found))
        return
    for each in found:
        until = _day(each["expires_at"])
        _tell(f"{each['digest']}  {each['format']}  {each['type']}  {until}")
    if not found:
        typer.echo("nothing is held")


@app.command(context_settings=_ANY_DIGEST)
def show(
    digest: DigestArgument,
    *,
    folder: FolderOption = None,
    secret: SecretOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a copy says."""
    with _opened(folder, secret, as_json=as_json) as (vault, _):
        found = shown(vault.copies(), digest)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _tell(found["type"])
    _tell(f"from {found['issuer']}, {_day(found['expires_at'])}")
    for name, value in found["claims"].items():
        _tell(f"  {name}: {json.dumps(value, ensure_ascii=False)}")


@app.command(context_settings=_ANY_DIGEST)
def delete(
    digest: DigestArgument,
    *,
    folder: FolderOption = None,
    secret: SecretOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete one copy for good."""
    with _opened(folder, secret, as_json=as_json) as (vault, settings):
        found = shown(vault.copies(), digest)
        if not yes and not typer.confirm(plain(f"Delete this copy of {found['type']}?"), err=True):
            raise typer.Exit(REFUSED)
        if vault.paper(DELIVERED, digest) is None:
            vault.delete(digest)
        else:  # its issuer hears of it
            _work(vault, settings, lambda wallet: wallet.delete(digest))
    typer.echo(json.dumps({"deleted": digest}) if as_json else f"deleted {digest}")


def _log_in(wallet: "Wallet", *, browser: bool, wait: float) -> "LoopbackBrowser | None":
    """Return where the person logs in: no wallet is served that a browser could come back to."""
    from mobile_stub.adapters.loopback import LoopbackBrowser  # noqa: PLC0415 - see above
    from mobile_stub.receiving.build import redirect_uri_of  # noqa: PLC0415

    def launch(url: str) -> None:
        _tell(f"log in at {url}", err=True)
        if browser:
            typer.launch(url)

    if wallet.settings.browser == "follow":
        return None
    return LoopbackBrowser(redirect_uri_of(wallet.settings), launch, wait)


def _with_wallet(
    folder: Path | None,
    secret: Path | None,
    work: Callable[["Wallet"], Awaitable[T]],
    *,
    as_json: bool,
) -> T:
    """Open the wallet, work with it, and close it; what it refuses ends the command."""
    with _opened(folder, secret, as_json=as_json) as (vault, settings):
        return _work(vault, settings, work)


@contextmanager
def _opened(
    folder: Path | None, secret: Path | None, *, as_json: bool
) -> Iterator[tuple[Vault, Settings]]:
    """Open what is held, and close it; what is refused ends the command."""
    with _refusing(as_json=as_json):
        settings = _settings(folder, secret)
        vault = open_vault(settings)
        try:
            yield vault, settings
        finally:
            vault.close()


def _work(vault: Vault, settings: Settings, work: Callable[["Wallet"], Awaitable[T]]) -> T:
    """Work with the whole wallet, network and all."""
    from mobile_stub.adapters.network import Network  # noqa: PLC0415 - see above
    from mobile_stub.wallet import wallet_over  # noqa: PLC0415

    async def done() -> T:
        network = Network(settings)
        try:
            return await work(wallet_over(vault, settings, network))
        finally:
            await network.close()

    return asyncio.run(done())


def _settings(folder: Path | None, secret: Path | None) -> Settings:
    settings = settings_from_environment(Settings)
    changes: dict[str, Any] = {} if folder is None else {"folder": folder}
    if secret is not None:
        try:
            changes["passphrase"] = SecretStr(secret.read_text("utf-8").rstrip("\n"))
        except OSError as error:
            raise WalletError("passphrase_unreadable", f"{secret} cannot be read") from error
    elif not settings.passphrase.get_secret_value():
        changes["passphrase"] = SecretStr(typer.prompt("Passphrase", hide_input=True, err=True))
    return settings.model_copy(update=changes)


@contextmanager
def _refusing(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except WalletError as error:
        if as_json:
            typer.echo(json.dumps({"error": error.code, "detail": error.detail}))
        else:
            _tell(f"refused: {error}", err=True)
        raise typer.Exit(REFUSED) from error


def _tell(text: str, *, err: bool = False) -> None:
    """Print a line of which others wrote parts."""
    typer.echo(plain(text), err=err)


def _tell_taken(done: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(done))
        return
    for each in done["credentials"]:
        if "copies" in each:
            told = f"kept {each['copies']} copies of"
        elif each.get("waiting"):
            told = "not yet there, ask later by `waiting`:"
        else:
            told = f"not given ({each['error']}):"
        _tell(f"{told} {each['type']}")


def _tell_offer(preview: Mapping[str, Any]) -> None:
    _tell(f"{preview['issuer']} offers:", err=True)
    for name, names in preview["certificates"].items():
        _tell(f"  {names.get('en', name)} ({name})", err=True)


def _tell_request(preview: Mapping[str, Any]) -> None:
    _tell(f"{', '.join(preview['verifier'])} asks ({preview['standing']}):", err=True)
    for text in (preview["purpose"].get("en"), preview["notice"].get("en")):
        if text:
            _tell(f"  {text}", err=True)
    for data in preview["transactions"]:
        _tell(f"  to authorize: {json.dumps(data, ensure_ascii=False)}", err=True)
    for name, copies in preview["credentials"].items():
        for copy in copies:
            kind = copy["names"].get("en", copy["type"])
            _tell(f"  {name}: {kind}, as {copy['format']} from {copy['issuer']}", err=True)
            for words, value in _in_words(copy):
                _tell(f"    {words} = {json.dumps(value, ensure_ascii=False)}", err=True)
    for name, types in preview["missing"].items():
        _tell(f"  {name}: {', '.join(types) or 'any'} is not held", err=True)


def _in_words(copy: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the claims that would be shown, by name; an element without its name space.

    Where two would be called the same, both are told by their whole path.
    """
    first = 1 if copy["format"] == MSO_MDOC else 0
    names = {path: ".".join(map(str, json.loads(path)[first:])) for path in copy["claims"]}
    times = Counter(names.values())
    for path, value in copy["claims"].items():
        yield (names[path] if times[names[path]] == 1 else path), value


def _go_on(uri: str | None, *, browser: bool, quiet: bool) -> None:
    if uri is None:
        return
    if browser:
        typer.launch(uri)
    elif not quiet:
        _tell(f"go on at {uri}")


def _day(seconds: int | None) -> str:
    if seconds is None:
        return "without end"
    return f"until {datetime.fromtimestamp(seconds, UTC).date().isoformat()}"


if __name__ == "__main__":
    app()
