"""What was decided about keys, kept beside them and read again when it was exchanged."""

import os
import threading
from pathlib import Path

import pytest

from madang.core.encoding import strict_json
from madang.core.keys.life import Active, LifeError
from madang.core.keys.ring import Ring
from madang.infra import keystore as keys_module
from madang.infra.files import write_whole
from madang.infra.key_ring import KeyRings, NoActiveKey, version_name
from madang.infra.keystore import Keystore, KeystoreError
from tests.patching import only_here

NOW, CACHE, LONGEST = 1_800_000_000, 300, 5000
TENANT, PURPOSE = "hanbit", "issuer"


@pytest.fixture
def rings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyRings:
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    return KeyRings(Keystore(tmp_path / "keys", "right"))


def announce(rings: KeyRings, number: int, now: int) -> str:
    kid = rings.keys.create_p256(TENANT, version_name(PURPOSE, number)).key_id
    rings.change(
        TENANT, PURPOSE, lambda ring: ring.announce(kid, now=now, cache=CACHE, longest=LONGEST)
    )
    return kid


def test_the_first_version_has_the_purposes_own_name() -> None:
    assert [version_name("issuer", number) for number in (1, 2, 10)] == [
        "issuer",
        "issuer.2",
        "issuer.10",
    ]


def test_without_a_decision_nobody_signs_and_the_command_is_named(rings: KeyRings) -> None:
    rings.keys.create_p256(TENANT, PURPOSE)
    assert rings.ring(TENANT, PURPOSE) == Ring()
    assert rings.published(TENANT, PURPOSE, now=NOW) == ()
    with pytest.raises(NoActiveKey, match="madang keys rotate"):
        rings.signer(TENANT, PURPOSE, now=NOW)


def test_the_signer_changes_with_the_time_alone(rings: KeyRings) -> None:
    first, second = announce(rings, 1, NOW), announce(rings, 2, NOW + 1000)
    switch = NOW + 1000 + CACHE
    for now, kid in ((NOW, first), (switch - 1, first), (switch, second), (switch + 10**6, second)):
        assert rings.signer(TENANT, PURPOSE, now=now).key_id == kid
    for now, kids in (
        (NOW, [first]),
        (NOW + 1000, [first, second]),
        (switch + LONGEST - 1, [first, second]),
        (switch + LONGEST, [second]),
    ):
        assert [key.key_id for key in rings.published(TENANT, PURPOSE, now=now)] == kids


def test_what_another_process_decided_is_seen(rings: KeyRings) -> None:
    """A running service is not started again for a rotation."""
    announce(rings, 1, NOW)
    other = KeyRings(Keystore(rings.keys.folder, "right"))
    assert len(other.ring(TENANT, PURPOSE).decided) == 1
    second = announce(rings, 2, NOW + 1000)
    assert other.signer(TENANT, PURPOSE, now=NOW + 1000 + CACHE).key_id == second
    rings.change(TENANT, PURPOSE, lambda ring: ring.compromise(2, now=NOW + 2000))
    with pytest.raises(NoActiveKey):
        other.signer(TENANT, PURPOSE, now=NOW + 2000)


def test_the_file_is_read_once_as_long_as_it_is_the_same(rings: KeyRings) -> None:
    announce(rings, 1, NOW)
    assert rings.ring(TENANT, PURPOSE) is rings.ring(TENANT, PURPOSE)


def test_an_exchanged_key_is_noticed(rings: KeyRings) -> None:
    announce(rings, 1, NOW)
    path = rings.keys.folder / TENANT / "issuer.key"
    path.unlink()
    again = KeyRings(Keystore(rings.keys.folder, "right"))
    again.keys.create_p256(TENANT, PURPOSE)
    with pytest.raises(KeystoreError, match="was announced"):
        again.signer(TENANT, PURPOSE, now=NOW)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"versions":[{}]}', b'{"versions":[],"more":1}', b"\xff"]
)
def test_a_damaged_file_is_named_and_is_no_ring(rings: KeyRings, content: bytes) -> None:
    path = rings.keys.folder / TENANT / "issuer.ring"
    write_whole(path, content)
    with pytest.raises(KeystoreError, match=r"issuer\.ring is not what was written"):
        rings.signer(TENANT, PURPOSE, now=NOW)


def test_what_is_refused_changes_nothing(rings: KeyRings) -> None:
    announce(rings, 1, NOW)
    path = rings.keys.folder / TENANT / "issuer.ring"
    before = path.read_bytes()
    with pytest.raises(LifeError):
        rings.change(TENANT, PURPOSE, lambda ring: ring.compromise(7, now=NOW))
    rings.change(TENANT, PURPOSE, lambda ring: ring)
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o077 == 0


def test_an_interrupted_decision_is_not_decided(
    rings: KeyRings, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(rings, 1, NOW)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", only_here(_full, os.replace))
        patched.setattr(Path, "replace", only_here(_full, Path.replace))
        with pytest.raises(OSError, match="full"):
            rings.change(TENANT, PURPOSE, lambda ring: ring.compromise(1, now=NOW + 1))
    (version,) = KeyRings(rings.keys).ring(TENANT, PURPOSE).at(NOW + 2)
    assert version.state == Active(NOW)


def _full(*_: object) -> None:
    raise OSError("the disk is full")


def test_of_two_who_decide_at_once_one_comes_second(rings: KeyRings) -> None:
    """Each holds its own copy, as processes do; none overwrites what the other decided."""
    announce(rings, 1, NOW)
    both = threading.Barrier(2)
    refused: list[str] = []

    def decide(number: int) -> None:
        own = KeyRings(Keystore(rings.keys.folder, "right"))
        both.wait()
        try:
            own.change(
                TENANT,
                PURPOSE,
                lambda ring: ring.announce(f"k{number}", now=NOW + 1, cache=CACHE, longest=LONGEST),
            )
        except LifeError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert len(rings.ring(TENANT, PURPOSE).decided) == 2


def test_a_decision_is_on_what_the_file_says_now(rings: KeyRings) -> None:
    """Also when another process wrote it in the same instant, into the same place on the disk."""
    announce(rings, 1, NOW)
    path = rings.keys.folder / TENANT / "issuer.ring"
    before = path.stat()
    known = rings.ring(TENANT, PURPOSE)
    given_up = known.compromise(1, now=NOW + 1)
    path.write_bytes(strict_json.dumps(given_up.to_json()).encode())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    kid = "k2"
    ring = rings.change(
        TENANT, PURPOSE, lambda ring: ring.announce(kid, now=NOW + 2, cache=CACHE, longest=LONGEST)
    )
    assert ring.decided[0].compromised_at == NOW + 1
