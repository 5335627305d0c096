"""`madang ceremony`: two officers make a municipality's root, which opens for neither alone."""

import hashlib
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from cryptography.hazmat.primitives.asymmetric import ec

from madang.cli.refusing import refusing
from madang.core.encoding import strict_json
from madang.core.keys.split import LEAST_CHARACTERS, Passphrases, SplitError, usable
from madang.infra import ca, ceremony, root
from madang.infra.authority import BELOW, Certifier
from madang.infra.authority import ROOT as DEVELOPMENT_ROOT
from madang.infra.catalogue import load_catalogue
from madang.infra.ceremony import ANCHOR, ROOT, SERVICES, SIGNATURE, TRANSCRIPT, Archive, Transcript
from madang.infra.clock import SystemClock
from madang.infra.hsm import HsmError
from madang.infra.ids import SystemIds
from madang.infra.keystore import KeystoreError
from madang.infra.root import Root, RootFile, RootToken
from madang.infra.settings import CommonSettings
from madang.infra.setup import StateFolders, keystore
from madang.infra.tenancy import Addresses, Tenant

MOST_CHARACTERS: Final = 80
_ORDER: Final = ("first", "second")


@dataclass
class Hall:
    """Where a ceremony is held.

    Attributes:
        tenant: whose root.
        certifier: keys and anchors of this installation.
        archive: where everything is written.
        root: where the root's key is.
    """

    tenant: Tenant
    certifier: Certifier
    archive: Archive
    root: Root
    clock: SystemClock = field(default_factory=SystemClock)


def ceremony_command(
    tenant: Annotated[str, typer.Option(help="The municipality.")],
    token: Annotated[str, typer.Option(help="Keep the root in this token, not in a file.")] = "",
    *,
    check: Annotated[bool, typer.Option("--check", help="Open the root of a held one.")] = False,
    renew: Annotated[
        bool, typer.Option("--renew", help="Certify the services' authority once more.")
    ] = False,
) -> None:
    """Make the root with two officers, each with a secret of their own, and write a transcript."""
    with refusing():
        hall = _hall(tenant, token)
        if check:
            _check(hall)
        elif renew:
            _renew(hall)
        elif hall.archive.held:
            _install(hall)
            typer.echo(f"The ceremony of {tenant} was held; {hall.archive.folder} has its files.")
        else:
            _refuse_another_authority(hall)
            _hold(hall)


def _hall(tenant: str, token: str) -> Hall:
    settings = CommonSettings()
    folders, catalogue = StateFolders(settings.state_dir), load_catalogue(settings.catalog_dir)
    addresses = Addresses(catalogue.tenants, settings.origins)
    whose = catalogue.tenants.get(tenant)
    archive = Archive(settings.state_dir / "ceremony" / tenant)
    where: Root = RootFile(tenant, SystemIds())
    token = str(archive.kept().get("token", "")) if archive.held else token
    if token:
        if token == settings.pkcs11_token:
            raise HsmError("the root has a token of its own; MADANG_PKCS11_TOKEN is the services'")
        if settings.pkcs11_module is None:
            raise HsmError("MADANG_PKCS11_MODULE is not set; it names the vendor's library")
        pin = settings.pkcs11_pin.get_secret_value()
        where = RootToken(tenant, settings.pkcs11_module, token, pin)
    certifier = Certifier(keystore(settings), folders.anchors, addresses)
    return Hall(whose, certifier, archive, where)


def _refuse_another_authority(hall: Hall) -> None:
    keys, tenant = hall.certifier.keys, hall.tenant.id
    anchored = any((hall.certifier.anchors / tenant).glob("*.der"))
    if anchored or keys.exists(tenant, DEVELOPMENT_ROOT) or keys.chain(tenant, BELOW):
        raise KeystoreError(
            f"{tenant} has an authority already; a ceremony is held before the first"
            " `madang prepare` of a state folder"
        )


def _hold(hall: Hall) -> None:
    transcript, name = Transcript(), hall.tenant.names["en"]
    typer.echo(f"Two officers make the root of {name}. Each step is told, and both confirm it with")
    typer.echo("y. Any other answer, or Ctrl+C, ends the ceremony, and nothing of it is kept.\n")
    _begin(hall, transcript, "Key ceremony of")
    _present(hall, transcript)
    secrets = _chosen(hall, transcript)
    typer.echo("The key is made, closed and opened again; this takes some seconds.")
    kept = hall.root.make(secrets)
    key = _opened(hall, kept, secrets)
    public = root.public_key(kept)
    _confirm(
        hall,
        transcript,
        "The root's key was made, closed under both secrets, and opened with both."
        f" Public key {strict_json.dumps(public.to_jwk())}, thumbprint {public.thumbprint()}.",
    )
    contents = _certified(hall, transcript, key, strict_json.dumps(kept).encode())
    typer.echo("\n".join(transcript.lines[-len(contents) - 1 :]))
    _confirm(hall, transcript, "The digests above are those of the files.")
    signed = ceremony.signature(key, transcript.content)
    hall.archive.keep({**contents, TRANSCRIPT: transcript.content, SIGNATURE: signed})
    _install(hall)
    typer.echo(f"\nThe ceremony is held. {hall.archive.folder} has its files.")
    typer.echo("Keep both secrets, each in an envelope of its own, in two places: without both, no")
    typer.echo("one ever opens the root again. What comes next is `madang prepare`.")
    _tell_digest(TRANSCRIPT, transcript)


def _opened(hall: Hall, kept: dict[str, Any], secrets: Passphrases) -> ec.EllipticCurvePrivateKey:
    key = hall.root.open(kept, secrets)
    if not ceremony.proved(key, kept, SystemIds().bytes(32)):
        raise SplitError("the key that was opened is not the one of the ceremony")
    return key


def _begin(hall: Hall, transcript: Transcript, what: str) -> None:
    transcript.head(f"{what} {hall.tenant.names['en']} ({hall.tenant.id})")
    transcript.head(f"Software: madang {version('madang')}, Python {platform.python_version()}")
    where = "a token" if isinstance(hall.root, RootToken) else "a file"
    transcript.head(f"The root's key is kept in {where}.")
    typer.echo("\n".join(transcript.lines))


def _present(hall: Hall, transcript: Transcript) -> None:
    names = [_name(order) for order in _ORDER]
    if names[0] == names[1]:
        raise SplitError("two officers hold a ceremony; both names are the same")
    _confirm(hall, transcript, f"Present: {names[0]} (first officer), {names[1]} (second officer).")


def _name(order: str) -> str:
    name = str(typer.prompt(f"Name of the {order} officer")).strip()
    if not 0 < len(name) <= MOST_CHARACTERS or not name.isprintable():
        raise SplitError(f"a name has 1 to {MOST_CHARACTERS} characters, all of them printable")
    return name


def _chosen(hall: Hall, transcript: Transcript) -> Passphrases:
    typer.echo(
        f"Each officer now chooses a secret of {LEAST_CHARACTERS} characters or more, such as six"
    )
    typer.echo("random words, and writes it down. The other officer looks away. Nothing is shown")
    typer.echo("while it is typed.")
    secrets = _secrets(confirmed=True)
    _confirm(hall, transcript, "Each officer chose a secret, unseen by the other.")
    return secrets


def _secrets(*, confirmed: bool) -> Passphrases:
    return Passphrases(*(_secret(order, confirmed=confirmed) for order in _ORDER))


def _secret(order: str, *, confirmed: bool) -> str:
    """Ask until it is one; an old one has been, and is asked for once."""
    while True:
        typed = str(
            typer.prompt(
                f"Secret of the {order} officer", hide_input=True, confirmation_prompt=confirmed
            )
        )
        if not confirmed:
            return typed
        try:
            return usable(typed)
        except SplitError as error:
            typer.echo(f"Not taken: {error}. Choose another.")


def _certified(
    hall: Hall, transcript: Transcript, key: ec.EllipticCurvePrivateKey, kept: bytes
) -> dict[str, bytes]:
    """Make both certificates; return the files so far."""
    name, now = hall.tenant.names["en"], hall.clock.now()
    anchor = ca.root(key, f"{name} root", now=now)
    below = ca.intermediate(
        anchor, hall.certifier.private(hall.tenant.id, BELOW), f"{name} services", now=now
    )
    contents = {ROOT: kept, ANCHOR: anchor.der, SERVICES: below.der}
    _confirm(
        hall,
        transcript,
        f"The root's certificate ({ANCHOR}) was issued, and one for the services' authority"
        f" ({SERVICES}).",
    )
    transcript.head("    SHA-256 of the files:")
    transcript.files(contents)
    return contents


def _confirm(hall: Hall, transcript: Transcript, told: str) -> None:
    """Write a step that both have confirmed; nothing is kept of a ceremony in which one is not."""
    if not typer.confirm(f"{told}\nDo both officers confirm this?"):
        raise SplitError("the ceremony was broken off; nothing of it is kept")
    transcript.step(hall.clock.now(), told)


def _install(hall: Hall) -> None:
    hall.archive.install(hall.certifier.keys, hall.tenant.id, hall.certifier.anchors)


def _renew(hall: Hall) -> None:
    """Open the root with both secrets, and let it certify the services' authority anew."""
    _refuse_unheld(hall)
    _refuse_changed(hall)
    transcript, kept, tenant = Transcript(), hall.archive.kept(), hall.tenant.id
    _begin(hall, transcript, "Renewal under the root of")
    _present(hall, transcript)
    key = _opened(hall, kept, _secrets(confirmed=False))
    _confirm(hall, transcript, "The root was opened with both secrets.")
    anchor = ca.Authority(key, hall.archive.anchor())
    name, now = hall.tenant.names["en"], hall.clock.now()
    below = ca.intermediate(
        anchor, hall.certifier.private(tenant, BELOW), f"{name} services", now=now
    )
    transcript.files({f"services-{now}.der": below.der})
    typer.echo(transcript.lines[-1])
    _confirm(hall, transcript, "The services' authority was certified; its digest is above.")
    signed = ceremony.signature(key, transcript.content)
    # The text comes last: what was interrupted counts as no renewal.
    hall.archive.add(
        {
            f"services-{now}.der": below.der,
            f"renewal-{now}.sig": signed,
            f"renewal-{now}.txt": transcript.content,
        }
    )
    hall.certifier.keys.keep_chain(tenant, BELOW, (below.der,))
    _tell_digest(f"renewal-{now}.txt", transcript)


def _tell_digest(name: str, transcript: Transcript) -> None:
    typer.echo(f"Both officers write this down; it can be given to the log. SHA-256 of {name}:")
    typer.echo(hashlib.sha256(transcript.content).hexdigest())


def _refuse_unheld(hall: Hall) -> None:
    if not hall.archive.held:
        raise SplitError(f"no ceremony of {hall.tenant.id} was held; {hall.archive.folder} is not")


def _refuse_changed(hall: Hall) -> None:
    found = hall.archive.findings()
    if found:
        raise SplitError("; ".join(found))


def _check(hall: Hall) -> None:
    """Open the root with both secrets, and hold the transcript against the files."""
    _refuse_unheld(hall)
    _opened(hall, hall.archive.kept(), _secrets(confirmed=False))
    _refuse_changed(hall)
    typer.echo(f"The root of {hall.tenant.id} opens with both secrets; the transcript is whole.")
