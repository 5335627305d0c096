"""Rotations in a state folder: made, certified, announced; broken off anywhere and typed again."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from pydantic import SecretStr

from madang.core.keys.life import Active, LifeError, VerifyOnly
from madang.core.keys.signing import checker_for
from madang.core.trust.x509 import san_uris, validate_chain
from madang.infra import ca
from madang.infra import keystore as keys_module
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.hsm import HsmSigner
from madang.infra.key_ring import SECOND, KeyRings
from madang.infra.key_turning import OTHER_CLOCKS, Turning, longest_life
from madang.infra.keystore import Keystore, KeystoreError
from madang.infra.settings import CommonSettings
from madang.infra.setup import key_turning, keystore, prepare_state
from madang.infra.tenancy import Addresses, Tenant, Tenants
from madang.infra.trust import load_anchors
from tests.patching import only_here
from tests.softhsm import PIN, SoftHsm
from tests.unit.madang.infra.test_setup import failing_after

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
NOW, CACHE, DAY = 1_800_000_000, 300, 86_400
PURPOSE = "issuer"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return the catalogue with one municipality, for speed."""
    whole = load_catalogue(CATALOG)
    return replace(whole, tenants=Tenants([next(iter(whole.tenants))]))


@pytest.fixture
def tenant(catalogue: Catalogue) -> Tenant:
    return next(iter(catalogue.tenants))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommonSettings:
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    return CommonSettings.model_validate({"state_dir": tmp_path, "key_passphrase": "right"})


@pytest.fixture
def turning(settings: CommonSettings, catalogue: Catalogue) -> Turning:
    return prepared(settings, catalogue)


def prepared(settings: CommonSettings, catalogue: Catalogue, now: int = NOW) -> Turning:
    addresses = Addresses(catalogue.tenants)
    prepare_state(settings, catalogue, addresses, FixedClock(now))
    return key_turning(settings, catalogue, addresses)


def chain_holds(turning: Turning, tenant: Tenant, now: int) -> None:
    """Hold the active key's chain against the anchor of the first day alone."""
    anchors = load_anchors(turning.certifier.anchors, tenant.id)[:1]
    signer = turning.rings.signer(tenant.id, PURPOSE, now=now)
    key = validate_chain(signer.certificate_chain, anchors, now=now)
    assert key == signer.public_key
    assert san_uris(signer.certificate_chain[0]) == (
        turning.certifier.addresses.identifier(tenant.id, "issuer"),
    )
    assert checker_for(key).check(signer.sign(b"x"), b"x")


def test_a_prepared_key_signs_at_once(turning: Turning, tenant: Tenant) -> None:
    (version,) = turning.rings.ring(tenant.id, PURPOSE).at(NOW)
    assert version.state == Active(NOW)
    chain_holds(turning, tenant, NOW)


def test_the_longest_life_is_that_of_the_catalogue(catalogue: Catalogue, turning: Turning) -> None:
    days = [each.validity_days for each in catalogue.types.values()]
    assert longest_life(catalogue) == max(days) * DAY + OTHER_CLOCKS == turning.longest


def test_a_leaf_outlives_what_its_key_signs_in_a_year(catalogue: Catalogue) -> None:
    assert 365 * DAY + longest_life(catalogue) <= ca.LEAF_DAYS * DAY
    assert ca.INTERMEDIATE_DAYS >= 2 * ca.LEAF_DAYS
    assert ca.ROOT_DAYS > 2 * ca.INTERMEDIATE_DAYS


def test_a_folder_of_one_file_a_purpose_is_version_one(
    settings: CommonSettings, catalogue: Catalogue, tenant: Tenant
) -> None:
    """As it was before keys turned: no ring, and the authority's certificate in chains alone."""
    turning = prepared(settings, catalogue)
    kid = turning.rings.signer(tenant.id, PURPOSE, now=NOW).key_id
    folder = settings.state_dir / "keys" / tenant.id
    (folder / "issuer.ring").unlink()
    for path in (folder / "ca-intermediate.chain").glob("*.der"):
        path.unlink()
    again = prepared(settings, catalogue, NOW + DAY)
    assert again.rings.signer(tenant.id, PURPOSE, now=NOW + DAY).key_id == kid
    again.rotate(tenant, PURPOSE, cache=CACHE, now=NOW + DAY)
    chain_holds(again, tenant, NOW + DAY + CACHE)
    assert len(load_anchors(again.certifier.anchors, tenant.id)) == 1


def test_a_rotation_announces_and_then_signs(turning: Turning, tenant: Tenant) -> None:
    before = turning.rings.signer(tenant.id, PURPOSE, now=NOW)
    turning.rotate(tenant, PURPOSE, cache=CACHE, now=NOW + DAY)
    switch = NOW + DAY + CACHE
    assert turning.rings.signer(tenant.id, PURPOSE, now=switch - 1) == before
    chain_holds(turning, tenant, switch)
    first, second = turning.rings.ring(tenant.id, PURPOSE).at(switch)
    assert first.state == VerifyOnly(switch, switch + turning.longest)
    assert second.state == Active(switch)
    assert len({first.kid, second.kid}) == 2


def test_keys_of_second_signatures_turn_too(turning: Turning, tenant: Tenant) -> None:
    before = turning.rings.signer(tenant.id, SECOND, now=NOW)
    turning.rotate(tenant, SECOND, cache=CACHE, now=NOW)
    after = turning.rings.signer(tenant.id, SECOND, now=NOW + CACHE)
    assert before.public_key != after.public_key
    for signer in (before, after):
        assert signer.algorithm == "ML-DSA-44"
        assert signer.certificate_chain == ()
        assert checker_for(signer.public_key).check(signer.sign(b"x"), b"x")


def test_a_second_rotation_waits_and_makes_no_key(turning: Turning, tenant: Tenant) -> None:
    turning.rotate(tenant, PURPOSE, cache=CACHE, now=NOW + 1)
    with pytest.raises(LifeError, match="announced already"):
        turning.rotate(tenant, PURPOSE, cache=CACHE, now=NOW + 2)
    assert not turning.certifier.keys.exists(tenant.id, "issuer.3")


def test_another_preparation_leaves_the_ring_alone(
    turning: Turning, settings: CommonSettings, catalogue: Catalogue, tenant: Tenant
) -> None:
    turning.rotate(tenant, PURPOSE, cache=CACHE, now=NOW + 1)
    decided = turning.rings.ring(tenant.id, PURPOSE)
    assert prepared(settings, catalogue, NOW + DAY).rings.ring(tenant.id, PURPOSE) == decided


def test_a_type_that_lives_longer_prolongs_the_keys_that_sign(
    turning: Turning, tenant: Tenant
) -> None:
    longer = replace(turning, longest=turning.longest + 9)
    longer.begin(tenant, PURPOSE, now=NOW + 1)
    assert longer.rings.ring(tenant.id, PURPOSE).decided[0].longest == turning.longest + 9


@pytest.mark.parametrize("patched", ["fsync", "replace"])
def test_a_rotation_broken_off_anywhere_is_finished_by_typing_it_again(
    catalogue: Catalogue,
    tenant: Tenant,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    patched: str,
) -> None:
    """Whatever broke off, the key before it signs on; and there is never a third version."""
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    steps, finished = 0, False
    while not finished:
        state = tmp_path_factory.mktemp("state")
        settings = CommonSettings.model_validate({"state_dir": state, "key_passphrase": "right"})
        turning = prepared(settings, catalogue)
        running = KeyRings(keystore(settings))
        first = running.signer(tenant.id, PURPOSE, now=NOW)
        with monkeypatch.context() as patching:
            if patched == "fsync":
                patching.setattr(os, "fsync", only_here(failing_after(steps), os.fsync))
            else:
                patching.setattr(Path, "replace", only_here(failing_replace(steps), Path.replace))
            try:
                turning.rotate(tenant, PURPOSE, cache=CACHE, now=NOW + 1)
                finished = True
            except OSError:
                steps += 1
        assert running.signer(tenant.id, PURPOSE, now=NOW + 1) == first
        again = key_turning(settings, catalogue, Addresses(catalogue.tenants))
        if len(again.rings.ring(tenant.id, PURPOSE).decided) == 1:
            again.rotate(tenant, PURPOSE, cache=CACHE, now=NOW + 2)
        chain_holds(again, tenant, NOW + DAY)
        assert [each.number for each in running.ring(tenant.id, PURPOSE).at(NOW + DAY)] == [1, 2]
        assert running.signer(tenant.id, PURPOSE, now=NOW + DAY).key_id != first.key_id
    assert steps >= 4


def failing_replace(calls: int) -> Callable[[Path, Path], Path]:
    left, real = iter(range(calls)), Path.replace

    def replaced(path: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise OSError("the disk is full")
        return real(path, target)

    return replaced


def test_a_rotation_can_move_the_key_into_a_token(
    settings: CommonSettings, catalogue: Catalogue, tenant: Tenant, softhsm: SoftHsm
) -> None:
    in_files = prepared(settings, catalogue).rings.signer(tenant.id, PURPOSE, now=NOW)
    told = {
        "pkcs11_module": softhsm.module,
        "pkcs11_token": softhsm.token("turning"),
        "pkcs11_pin": SecretStr(PIN),
    }
    turning = prepared(settings.model_copy(update=told), catalogue, NOW + 1)
    assert turning.rings.signer(tenant.id, PURPOSE, now=NOW + 1).key_id == in_files.key_id
    for number, now in ((2, NOW + DAY), (3, NOW + 2 * DAY)):
        turning.rotate(tenant, PURPOSE, cache=CACHE, now=now)
        chain_holds(turning, tenant, now + CACHE)
        signer = turning.rings.signer(tenant.id, PURPOSE, now=now + CACHE)
        assert isinstance(signer, HsmSigner)
        assert signer.identifier == number.to_bytes(2)
    names = {path.name for path in (settings.state_dir / "keys").rglob("issuer*.key")}
    assert names == {"issuer.key", "issuer-encryption.key"}


def test_an_authority_near_its_end_is_made_anew_below_the_same_root(
    turning: Turning, tenant: Tenant
) -> None:
    before = turning.rings.signer(tenant.id, PURPOSE, now=NOW).certificate_chain
    later = NOW + (ca.INTERMEDIATE_DAYS - ca.LEAF_DAYS + 1) * DAY
    turning.rotate(tenant, PURPOSE, cache=CACHE, now=later)
    after = turning.rings.signer(tenant.id, PURPOSE, now=later + CACHE).certificate_chain
    assert before[1] != after[1]
    leaf, below = map(x509.load_der_x509_certificate, after)
    assert leaf.not_valid_after_utc <= below.not_valid_after_utc
    chain_holds(turning, tenant, later + CACHE)  # by the anchor that verifiers have


def test_without_the_root_an_authority_near_its_end_is_told(
    turning: Turning, tenant: Tenant, settings: CommonSettings
) -> None:
    (settings.state_dir / "keys" / tenant.id / "ca-root.key").unlink()
    turning.rotate(tenant, PURPOSE, cache=CACHE, now=NOW + DAY)
    later = NOW + (ca.INTERMEDIATE_DAYS - ca.LEAF_DAYS + 1) * DAY
    with pytest.raises(KeystoreError, match=f"madang ceremony --tenant {tenant.id} --renew"):
        turning.rotate(tenant, PURPOSE, cache=CACHE, now=later)
    assert not turning.certifier.keys.exists(tenant.id, "ca-root")


def test_the_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CommonSettings().pkcs11_module is None
    assert CommonSettings().pkcs11_purposes == {"issuer"}
    told = {"MODULE": "/opt/p11.so", "TOKEN": "city", "PIN": "1", "PURPOSES": '["verifier"]'}
    for name, value in told.items():
        monkeypatch.setenv(f"MADANG_PKCS11_{name}", value)
    settings = CommonSettings()
    assert settings.pkcs11_module == Path("/opt/p11.so")
    assert (settings.pkcs11_token, settings.pkcs11_purposes) == ("city", {"verifier"})
    assert settings.pkcs11_pin.get_secret_value() == "1"
    assert "'1'" not in repr(settings)


def test_purposes_that_cannot_live_in_a_token_are_named(
    settings: CommonSettings, tmp_path: Path
) -> None:
    told = {"pkcs11_module": tmp_path / "any.so", "pkcs11_purposes": frozenset({"issuer", "log"})}
    with pytest.raises(KeystoreError, match="PURPOSES names log;"):
        keystore(settings.model_copy(update=told))
    assert isinstance(keystore(settings), Keystore)


@pytest.mark.parametrize("purpose", [PURPOSE, SECOND])
def test_lost_decisions_are_told_and_not_made_up(
    turning: Turning, tenant: Tenant, settings: CommonSettings, catalogue: Catalogue, purpose: str
) -> None:
    """Version 1 was given up; without its ring it would sign again, and at once."""
    path = settings.state_dir / "keys" / tenant.id / f"{purpose}.ring"
    of_one = path.read_bytes()
    for number in (1, 2):
        turning.rotate(tenant, purpose, cache=CACHE, now=NOW + number * DAY)
    turning.compromise(tenant, purpose, 1, now=NOW + 3 * DAY)
    for lost in (path.unlink, lambda: path.write_bytes(of_one)):
        lost()
        before = path.read_bytes() if path.exists() else None
        again = key_turning(settings, catalogue, Addresses(catalogue.tenants))
        for decides in (
            lambda: again.rotate(tenant, purpose, cache=CACHE, now=NOW + 4 * DAY),  # noqa: B023
            lambda: again.begin(tenant, purpose, now=NOW + 4 * DAY),  # noqa: B023
        ):
            with pytest.raises(KeystoreError, match=rf"version \d .*put back .*{purpose}\.ring"):
                decides()
        assert (path.read_bytes() if path.exists() else None) == before
