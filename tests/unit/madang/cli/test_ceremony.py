"""`madang ceremony` as two officers type it.

One ceremony is held by the real command behind a terminal of its own, at the real cost of a guess;
all others are typed into the command in this process, at little cost.
"""

import hashlib
import os
import pty
import re
import select
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from madang.cli.main import app
from madang.core.encoding import base64url, strict_json
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import checker_for
from madang.core.keys.split import Passphrases, unseal
from madang.core.trust.x509 import validate_chain
from madang.infra import root
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.settings import CommonSettings
from madang.infra.setup import key_turning, keystore, prepare_state
from madang.infra.tenancy import Addresses
from tests.softhsm import SoftHsm

# Of Python 3.12, whose forks warn where there are threads; the child is another program at once.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
CATALOG = Path(__file__).resolve().parents[4] / "catalog"
TENANT = "hanbit"
FIRST, SECOND = "correct horse battery", "staple of the other"
NAMES = ["Kim Seo-yeon", "Lee Do-hyun"]
HELD = [*NAMES, "y", FIRST, FIRST, SECOND, SECOND, "y", "y", "y", "y"]
RENEWED = [*NAMES, "y", FIRST, SECOND, "y", "y"]
SECONDS = 60


@dataclass
class House:
    """A state folder, and a terminal at which officers type."""

    state: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> CommonSettings:
        told = {"state_dir": self.state, "catalog_dir": CATALOG, "key_passphrase": "right"}
        return CommonSettings.model_validate(told)

    @property
    def folder(self) -> Path:
        return self.state / "ceremony" / TENANT

    @property
    def environment(self) -> dict[str, str]:
        return {
            "MADANG_STATE_DIR": str(self.state),
            "MADANG_CATALOG_DIR": str(CATALOG),
            "MADANG_KEY_PASSPHRASE": "right",
            **self.more,
        }

    def type(self, lines: list[str], *arguments: str, code: int = 0) -> str:
        """Answer one prompt with each line, in this process; return all that was shown."""
        typed = "".join(f"{line}\n" for line in lines)
        command = ["ceremony", "--tenant", TENANT, *arguments]
        result = CliRunner().invoke(app, command, input=typed, env=self.environment)
        assert result.exit_code == code, result.output
        return str(result.output)

    def type_at_a_terminal(self, lines: list[str], *arguments: str, code: int = 0) -> str:
        """Do the same with the real command behind a terminal."""
        environment = {**os.environ, **self.environment}
        command = [sys.executable, "-m", "madang.cli.main", "ceremony", "--tenant", TENANT]
        child, terminal = pty.fork()
        if child == 0:
            os.execve(sys.executable, [*command, *arguments], environment)  # noqa: S606
        shown, ended = converse(terminal, lines), os.waitpid(child, 0)[1]
        os.close(terminal)
        assert os.waitstatus_to_exitcode(ended) == code, shown
        return shown


def converse(terminal: int, lines: list[str]) -> str:
    """Answer each time a prompt stands there; return what was shown until the end."""
    shown, answered, left = "", 0, [*lines]
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.05)[0]:
            continue
        try:
            part = os.read(terminal, 65536).decode("utf-8", "replace")
        except OSError:  # the command has ended
            return shown
        if not part:
            return shown
        shown += part
        asked = re.search(r"(: |\[y/N\]: )$", shown[answered:])
        if asked and left:
            answered = len(shown)
            os.write(terminal, f"{left.pop(0)}\n".encode())
    raise AssertionError(f"the command does not end; it shows:\n{shown}")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Return an empty house, in which a guess costs little."""
    monkeypatch.setattr(root, "SCRYPT_N", 2)
    return House(tmp_path)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, str]:
    """Return a house in which a ceremony was held at a terminal, and what was shown."""
    house = House(tmp_path_factory.mktemp("held"))
    return house, house.type_at_a_terminal(HELD)


@pytest.fixture
def kept(house: House) -> House:
    """Return a house in which a ceremony was held at little cost."""
    house.type(HELD)
    return house


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_ceremony_leaves_a_signed_transcript_and_the_digests_of_its_files(
    held: tuple[House, str],
) -> None:
    house, shown = held
    files = contents(house.folder)
    assert files.keys() == {
        "root.json", "root.der", "services.der", "transcript.txt", "transcript.sig"
    }  # fmt: skip
    text = files["transcript.txt"].decode()
    for number, told in enumerate(
        (f"Present: {NAMES[0]} (first officer), {NAMES[1]}", "chose a secret", "root's key was",
         "certificate", "digests above"), 1
    ):  # fmt: skip
        pattern = rf"^ {number}\. \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC  .*{re.escape(told)}.*"
        assert re.search(pattern + r" Confirmed by both\.$", text, re.MULTILINE)
    assert "madang 0.1.0" in text
    for name in ("root.json", "root.der", "services.der"):
        assert f"{hashlib.sha256(files[name]).hexdigest()}  {name}" in text
    key = PublicKey.from_jwk(strict_json.loads(files["root.json"])["jwk"])
    assert key == PublicKey.from_certificate(files["root.der"])
    assert key.thumbprint() in text
    signature = base64url.decode(files["transcript.sig"].decode().strip())
    assert checker_for(key).check(signature, files["transcript.txt"])
    assert hashlib.sha256(files["transcript.txt"]).hexdigest() in shown.split()[-1]


def test_the_secrets_are_neither_shown_nor_kept(held: tuple[House, str]) -> None:
    house, shown = held
    for secret in (FIRST, SECOND):
        assert secret not in shown
        assert not [n for n, c in contents(house.state).items() if secret.encode() in c]
    assert (house.folder / "root.json").stat().st_mode & 0o077 == 0


def test_a_guess_costs_what_the_documents_say(held: tuple[House, str]) -> None:
    """The file that the real command made opens by the full cost."""
    house, _ = held
    kept = strict_json.loads((house.folder / "root.json").read_bytes())
    sealed = base64url.decode(kept["sealed"])
    context = strict_json.dumps({"root_of": TENANT, "jwk": kept["jwk"]}).encode()
    both = Passphrases(FIRST, SECOND)
    assert unseal(sealed, both, context=context, n=2**17).startswith(b"0")


def test_both_together_open_the_root(kept: House) -> None:
    assert "opens with both secrets" in kept.type([FIRST, SECOND], "--check")


@pytest.mark.parametrize(
    "typed",
    [
        [FIRST, "not the other one's"],
        ["not the first one's", SECOND],
        [SECOND, FIRST],
        [FIRST, FIRST],
        [FIRST, "short"],
    ],
    ids=["the first alone", "the second alone", "swapped", "the first twice", "a short one"],
)
def test_nothing_else_opens_it(kept: House, typed: list[str]) -> None:
    before = contents(kept.state)
    assert "refused:" in kept.type(typed, "--check", code=1)
    assert contents(kept.state) == before


def test_services_are_certified_below_the_root_without_it(house: House, tmp_path: Path) -> None:
    house.type(HELD)
    catalogue = load_catalogue(CATALOG)
    addresses, clock = Addresses(catalogue.tenants), SystemClock()
    prepare_state(house.settings, catalogue, addresses, clock)
    keys = keystore(house.settings)
    assert not keys.exists(TENANT, "ca-root")
    anchor = (house.folder / "root.der").read_bytes()
    tenant = catalogue.tenants.get(TENANT)
    turning = key_turning(house.settings, catalogue, addresses)
    turning.rotate(tenant, "issuer", cache=0, now=clock.now())
    for name in ("issuer", "verifier", "issuer.2"):
        chain = keys.chain(TENANT, name)
        assert validate_chain(chain, [anchor], now=clock.now()) == PublicKey.from_certificate(
            chain[0]
        )
    assert len(list((house.state / "trust" / "anchors" / TENANT).glob("*.der"))) == 1


def test_a_ceremony_is_held_once(house: House) -> None:
    house.type(HELD)
    before = contents(house.folder)
    assert "was held" in house.type([])
    assert contents(house.folder) == before


def test_what_broke_off_after_the_ceremony_is_made_up_for(house: House) -> None:
    house.type(HELD)
    anchor = house.state / "trust" / "anchors" / TENANT / "ceremony.der"
    chain = house.state / "keys" / TENANT / "ca-intermediate.chain" / "0.der"
    made = anchor.read_bytes(), chain.read_bytes()
    anchor.unlink()
    chain.unlink()
    house.type([])
    assert (anchor.read_bytes(), chain.read_bytes()) == made


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ([*NAMES, "n"], "broken off"),
        ([NAMES[0], NAMES[0]], "names are the same"),
        ([*NAMES, "y", FIRST, FIRST, FIRST, FIRST], "secrets are the same"),
        ([*HELD[:-3], "n"], "broken off"),
        ([*HELD[:-1], "n"], "broken off"),
    ],
)
def test_a_ceremony_that_is_broken_off_leaves_nothing(
    house: House, typed: list[str], told: str
) -> None:
    assert told in house.type(typed, code=1)
    assert not house.folder.parent.exists()
    assert not (house.state / "trust").exists()


def test_a_secret_that_is_none_is_asked_for_again(house: House) -> None:
    """Before the other officer types theirs, and without beginning anew."""
    typed = [*HELD[:3], "short", "short", "x" * 20, "x" * 20, *HELD[3:]]
    shown = house.type(typed)
    assert shown.count("a secret has at least 16 characters, and 8 different ones") == 2
    assert shown.count("Secret of the first officer") == 3
    assert "opens with both secrets" in house.type([FIRST, SECOND], "--check")


def test_two_who_were_never_there_see_what_comes_and_what_to_do(held: tuple[House, str]) -> None:
    """In the order in which they need it."""
    _, shown = held
    at = -1
    for told in (
        "Two officers make the root of Hanbit",
        "Ctrl+C",
        "Name of the first officer",
        "writes it down",
        "Secret of the second officer",
        "takes some seconds",
        "SHA-256 of the files:",
        "The ceremony is held",
        "two places",
        "madang prepare",
        "SHA-256 of transcript.txt",
    ):
        assert shown.find(told) > at, told
        at = shown.find(told)


def test_the_root_has_a_token_of_its_own(house: House, tmp_path: Path) -> None:
    """The ceremony replaces the PIN: services would be locked out of theirs."""
    house.more = {
        "MADANG_PKCS11_MODULE": str(tmp_path / "any.so"),
        "MADANG_PKCS11_TOKEN": "services",
        "MADANG_PKCS11_PIN": "1234",
    }
    assert "a token of its own" in house.type([], "--token", "services", code=1)


def test_a_city_with_an_authority_is_refused(house: House) -> None:
    catalogue = load_catalogue(CATALOG)
    prepare_state(house.settings, catalogue, Addresses(catalogue.tenants), SystemClock())
    assert "has an authority already" in house.type([], code=1)


@pytest.mark.parametrize("name", ["transcript.txt", "services.der", "root.der", "root.json"])
def test_a_changed_file_is_found_and_nothing_is_certified_by_it(kept: House, name: str) -> None:
    path = kept.folder / name
    whole = path.read_bytes()
    path.write_bytes(whole + b"\n")
    assert name in kept.type([FIRST, SECOND], "--check", code=1)
    before = contents(kept.state)
    assert name in kept.type(RENEWED, "--renew", code=1)
    assert contents(kept.state) == before
    path.write_bytes(whole)
    kept.type([FIRST, SECOND], "--check")


@pytest.mark.parametrize("changed", ["renewal-*.txt", "renewal-*.sig", "services-*.der"])
def test_a_changed_renewal_is_found(kept: House, changed: str) -> None:
    kept.type(RENEWED, "--renew")
    kept.type([FIRST, SECOND], "--check")
    (path,) = kept.folder.glob(changed)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + b"A" + whole[-8:])
    assert "renewal-" in kept.type([FIRST, SECOND], "--check", code=1)
    path.unlink()
    if not changed.endswith(".txt"):
        assert path.name in kept.type([FIRST, SECOND], "--check", code=1)


def test_the_authority_below_is_certified_anew_by_both(house: House) -> None:
    house.type(HELD)
    chain = house.state / "keys" / TENANT / "ca-intermediate.chain" / "0.der"
    before = chain.read_bytes()
    typed = [*NAMES, "y", SECOND, FIRST]
    assert "does not open" in house.type(typed, "--renew", code=1)
    assert chain.read_bytes() == before
    house.type(RENEWED, "--renew")
    after, anchor = chain.read_bytes(), (house.folder / "root.der").read_bytes()
    assert after != before
    assert PublicKey.from_certificate(after) == PublicKey.from_certificate(before)
    (text,) = house.folder.glob("renewal-*.txt")
    assert text.read_text("utf-8").startswith("Renewal under the root of Hanbit (hanbit)\n")
    assert hashlib.sha256(after).hexdigest() in text.read_text("utf-8")
    signature = base64url.decode(text.with_suffix(".sig").read_text("ascii").strip())
    key = PublicKey.from_certificate(anchor)
    assert checker_for(key).check(signature, text.read_bytes())


def test_a_root_in_a_token_opens_by_a_pin_of_two_parts(house: House, softhsm: SoftHsm) -> None:
    label = softhsm.token("root of hanbit", "transport-pin")
    house.more = {
        "MADANG_PKCS11_MODULE": str(softhsm.module),
        "MADANG_PKCS11_PIN": "transport-pin",
    }
    house.type(HELD, "--token", label)
    kept = strict_json.loads((house.folder / "root.json").read_bytes())
    assert kept.keys() == {"jwk", "token"}
    assert "opens with both secrets" in house.type([FIRST, SECOND], "--check")
    swapped = house.type([SECOND, FIRST], "--check", code=1)
    assert "does not open: both" in swapped
    text = (house.folder / "transcript.txt").read_text("utf-8")
    assert "kept in a token" in text
