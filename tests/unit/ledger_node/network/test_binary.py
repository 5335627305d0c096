"""The engine is found by its sources, built once, and its absence says what to do."""

import subprocess
import threading
from pathlib import Path

import pytest

from ledger_node.network import binary
from ledger_node.network.binary import BuildError, build, cached, evmd, fingerprint, go, main

# Stands in for Go: tells a version, and writes what it is told to build.
STAND_IN = """#!/bin/sh
if [ "$1" = env ]; then echo {version}; exit 0; fi
echo building >> "{calls}"
sleep 0.2
for last in "$@"; do if [ "$before" = -o ]; then echo program > "$last"; fi; before="$last"; done
exit {code}
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "madang"


def stand_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, version: str = "go1.26.8", code: int = 0
) -> Path:
    """Put a stand-in for Go first in PATH; return the file that counts its builds."""
    (folder / "bin").mkdir()
    calls = folder / "calls"
    program = folder / "bin" / "go"
    program.write_text(STAND_IN.format(version=version, calls=calls, code=code))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
    return calls


def module(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("go.mod", "go.sum"):
        (folder / name).write_text(name)
    return folder


def test_the_sources_tell_the_build(tmp_path: Path) -> None:
    one, other = module(tmp_path / "one"), module(tmp_path / "other")
    assert fingerprint(one) == fingerprint(other)
    (other / "go.sum").write_text("another")
    assert fingerprint(one) != fingerprint(other)


def test_other_flags_are_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = module(tmp_path / "one")
    before = fingerprint(one)
    monkeypatch.setattr(binary, "FLAGS", ("-race",))
    assert fingerprint(one) != before


def test_what_is_not_built_says_how(cache: Path) -> None:
    with pytest.raises(BuildError, match="make network-engine"):
        evmd()


def test_it_is_built_once_for_all_checkouts(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = stand_in(tmp_path, monkeypatch)
    checkouts = [module(tmp_path / name) for name in ("one", "two", "three")]
    builders = [threading.Thread(target=build, args=(each,)) for each in checkouts]
    for each in builders:
        each.start()
    for each in builders:
        each.join()
    assert calls.read_text().splitlines() == ["building"]
    assert cached(checkouts[0]).read_text() == "program\n"
    assert [path.name for path in cache.glob("*.new")] == []


def test_a_failed_build_leaves_nothing_that_is_taken_for_one(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, code=1)
    with pytest.raises(BuildError, match="failed"):
        build(module(tmp_path / "one"))
    assert not cached(tmp_path / "one").exists()


def test_without_go_it_says_what_to_install(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main() == 1
    assert "install Go 1.23 or newer" in capsys.readouterr().err


@pytest.mark.parametrize("version", ["go1.19.8", "go1.22.1", "devel"])
def test_an_old_go_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    stand_in(tmp_path, monkeypatch, version)
    with pytest.raises(BuildError, match="or newer"):
        go()


@pytest.mark.parametrize("version", ["go1.23.8", "go1.26", "go2.0"])
def test_a_new_go_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    stand_in(tmp_path, monkeypatch, version)
    assert Path(go()).parent == tmp_path / "bin"


def test_the_pins_name_the_version_that_is_told_and_no_place() -> None:
    pins = (binary.MODULE / "go.mod").read_text("utf-8")
    assert "github.com/cosmos/evm v0.3.2" in pins
    sums = (binary.MODULE / "go.sum").read_text("utf-8").splitlines()
    assert all(line.split()[2].startswith("h1:") for line in sums)
    assert "://" not in pins


def test_the_built_program_is_the_pinned_one() -> None:
    path = cached()
    if not path.is_file():
        pytest.skip("no network engine: Go is absent")
    told = subprocess.run([path, "help"], capture_output=True, text=True, check=True).stdout
    assert "Cosmos EVM app" in told


def test_a_compiler_that_cannot_run_or_never_ends_is_told(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch)
    monkeypatch.setattr(binary, "_BUILD_SECONDS", 0.05)
    with pytest.raises(BuildError, match="did not come to its end"):
        build()
    (tmp_path / "bin" / "go").write_bytes(b"\x7fELF of another machine")
    with pytest.raises(BuildError, match="did not come to its end"):
        build()
    assert not cached().exists()
