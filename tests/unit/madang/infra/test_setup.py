import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from madang.access.service_token import FolderServiceKeys
from madang.core.keys.life import LifeError
from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import VerifierKey
from madang.core.trust.model import TrustList
from madang.core.trust.x509 import san_uris, validate_chain
from madang.infra import ca
from madang.infra import keystore as keys_module
from madang.infra.ca_files import CaFiles
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.hsm import HsmSigner
from madang.infra.key_ring import KeyRings
from madang.infra.keystore import KeystoreError
from madang.infra.settings import CommonSettings
from madang.infra.setup import MovedError, StateFolders, check_addresses, keystore, prepare_state
from madang.infra.tenancy import Addresses, Tenants
from madang.infra.trust import load_anchors, types_by_vct
from tests.accreditations import founded_in
from tests.patching import only_here
from tests.softhsm import PIN, SoftHsm

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
NOW, DAY = 1_800_000_000, 86_400


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(CATALOG)


@pytest.fixture
def settings(tmp_path: Path) -> CommonSettings:
    return CommonSettings.model_validate({"state_dir": tmp_path, "key_passphrase": "right"})


@pytest.fixture
def addresses(catalogue: Catalogue) -> Addresses:
    return Addresses(catalogue.tenants)


@pytest.fixture
def prepared(settings: CommonSettings, catalogue: Catalogue, addresses: Addresses) -> StateFolders:
    prepare_state(settings, catalogue, addresses, FixedClock(NOW))
    return StateFolders(settings.state_dir)


@pytest.mark.parametrize("late", [-2 * DAY, (ca.LEAF_DAYS + 1) * DAY], ids=["ahead", "over"])
def test_a_chain_from_elsewhere_whose_time_is_another_keeps_nobody_from_preparing(
    tmp_path: Path, catalogue: Catalogue, addresses: Addresses, late: int
) -> None:
    """A version of a key that turned stays named when its certificate is over."""
    files = CaFiles(tmp_path / "ca")
    made = files.leaf("issuer", "issuer", uri="https://a.example", dns="a.example", now=NOW)
    given = {"hanbit/issuer": made.model_copy(update={"anchor": files.anchor})}
    settings = CommonSettings.model_validate(
        {"state_dir": tmp_path / "state", "key_passphrase": "right", "signing_keys": given}
    )
    prepare_state(settings, catalogue, addresses, FixedClock(NOW + late))
    signer = keystore(settings).signer("hanbit", "issuer")
    anchors = load_anchors(StateFolders(settings.state_dir).anchors, "hanbit")
    assert validate_chain(signer.certificate_chain, anchors, now=NOW) == signer.public_key


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_preparation_changes_nothing(
    settings: CommonSettings, catalogue: Catalogue, addresses: Addresses, prepared: StateFolders
) -> None:
    before = contents(settings.state_dir)
    prepare_state(settings, catalogue, addresses, FixedClock(NOW + 1000))
    assert contents(settings.state_dir) == before


@pytest.mark.parametrize("service", ["issuer", "verifier", "counter", "log", "witness"])
def test_a_folder_that_was_made_for_other_addresses_is_refused_and_left_alone(
    settings: CommonSettings, catalogue: Catalogue, prepared: StateFolders, service: str
) -> None:
    """Certificates, receipts and the names of logs hold the addresses of before."""
    before = contents(settings.state_dir)
    moved = Addresses(catalogue.tenants, {service: "http://127.0.0.1:9400"})
    for refuses in (
        lambda: check_addresses(prepared, moved, catalogue.tenants),
        lambda: prepare_state(settings, catalogue, moved, FixedClock(NOW)),
    ):
        with pytest.raises(MovedError) as refused:
            refuses()
        told = str(refused.value)
        assert f"hanbit.example/hanbit/{service}" in told  # what the folder was made for
        assert f"127.0.0.1:9400/hanbit/{service}" in told  # what came
        assert "MADANG_ORIGINS" in told
        assert "MADANG_STATE_DIR" in told
    assert contents(settings.state_dir) == before


def test_a_folder_for_the_same_addresses_or_without_any_is_taken(
    settings: CommonSettings, catalogue: Catalogue, addresses: Addresses, tmp_path: Path
) -> None:
    check_addresses(StateFolders(tmp_path / "empty"), addresses, catalogue.tenants)
    prepare_state(settings, catalogue, addresses, FixedClock(NOW))
    check_addresses(StateFolders(settings.state_dir), addresses, catalogue.tenants)


@pytest.mark.parametrize(
    "name", ["services/hanbit-issuer.json", "logs/hanbit.vkey", "witnesses/hanbit.vkey"]
)
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"text"])
def test_a_damaged_public_key_is_named(
    settings: CommonSettings,
    catalogue: Catalogue,
    addresses: Addresses,
    prepared: StateFolders,
    name: str,
    content: bytes,
) -> None:
    path = settings.state_dir / "trust" / name
    path.write_bytes(content)
    with pytest.raises(MovedError, match=f"{path.name} is not what was written"):
        check_addresses(prepared, addresses, catalogue.tenants)


def test_addresses_are_written_down_before_anything_is_certified_for_them(
    settings: CommonSettings,
    catalogue: Catalogue,
    addresses: Addresses,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A preparation that broke off is not finished for other addresses."""

    def full(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(keys_module.Keystore, "keep_chain", full)
        with pytest.raises(OSError, match="full"):
            prepare_state(settings, catalogue, addresses, FixedClock(NOW))
    moved = Addresses(catalogue.tenants, {"verifier": "http://127.0.0.1:9400"})
    with pytest.raises(MovedError):
        prepare_state(settings, catalogue, moved, FixedClock(NOW))


def test_every_signing_key_has_a_chain_to_its_own_municipality(
    settings: CommonSettings, catalogue: Catalogue, addresses: Addresses, prepared: StateFolders
) -> None:
    keys = keystore(settings)
    for tenant in catalogue.tenants:
        anchors = load_anchors(prepared.anchors, tenant.id)
        for service in ("issuer", "verifier"):
            chain = keys.signer(tenant.id, service).certificate_chain
            key = validate_chain(chain, anchors, now=NOW)
            assert key == keys.signer(tenant.id, service).public_key
            assert san_uris(chain[0]) == (addresses.identifier(tenant.id, service),)


def test_services_and_logs_find_one_anothers_public_keys(
    settings: CommonSettings, catalogue: Catalogue, addresses: Addresses, prepared: StateFolders
) -> None:
    keys, services = keystore(settings), FolderServiceKeys(prepared.services)
    for tenant in catalogue.tenants.ids():
        for service in ("issuer", "verifier", "counter"):
            found = services.key(addresses.identifier(tenant, service))
            assert found == keys.signer(tenant, f"service-{service}").public_key
        published = (prepared.log_keys / f"{tenant}.vkey").read_text("utf-8")
        assert VerifierKey.parse(published).name == addresses.log_origin(tenant)
        second = CosignerKey.parse((prepared.log_keys / f"{tenant}.second").read_text("utf-8"))
        assert second == CosignerKey.of(
            addresses.log_origin(tenant), keys.signer(tenant, "log-second")
        )
    assert services.key("https://unknown/x/issuer") is None


def test_a_state_folder_of_before_gets_the_logs_second_keys_and_keeps_all_else(
    settings: CommonSettings, catalogue: Catalogue, addresses: Addresses, prepared: StateFolders
) -> None:
    for tenant in catalogue.tenants.ids():
        (prepared.keys / tenant / "log-second.key").unlink()
        (prepared.log_keys / f"{tenant}.second").unlink()
    before = contents(settings.state_dir)
    prepare_state(settings, catalogue, addresses, FixedClock(NOW + 1000))
    after = contents(settings.state_dir)
    assert {path: after.get(path) for path in before} == before
    assert {path.relative_to(settings.state_dir).as_posix() for path in after.keys() - before} == {
        name
        for tenant in catalogue.tenants.ids()
        for name in (f"keys/{tenant}/log-second.key", f"trust/logs/{tenant}.second")
    }


def test_the_founding_registry_knows_who_attests_each_type(
    catalogue: Catalogue, addresses: Addresses, prepared: StateFolders, settings: CommonSettings
) -> None:
    twin = founded_in(prepared, catalogue, addresses, NOW)
    trust = TrustList(twin.registry(), types_by_vct(catalogue, addresses))
    signer = keystore(settings).signer("saebyeol", "issuer")
    issuer = addresses.identifier("saebyeol", "issuer")
    for type_id in catalogue.types:
        vct = catalogue.vct(addresses, type_id)
        assert trust.type_id(vct) == type_id
        assert trust.issuer_key(vct, issuer, signer.certificate_chain, at=NOW, now=NOW)


def test_the_key_of_the_snapshots_names_the_log(
    addresses: Addresses, prepared: StateFolders, settings: CommonSettings
) -> None:
    chain = keystore(settings).signer("hanbit", "accreditations").certificate_chain
    assert validate_chain(chain, load_anchors(prepared.anchors, "hanbit"), now=NOW)
    assert san_uris(chain[0]) == (addresses.identifier("hanbit", "log"),)


def test_another_passphrase_is_noticed(
    settings: CommonSettings, catalogue: Catalogue, addresses: Addresses, prepared: StateFolders
) -> None:
    wrong = CommonSettings.model_validate(
        {"state_dir": settings.state_dir, "key_passphrase": "wrong"}
    )
    with pytest.raises(KeystoreError):
        prepare_state(wrong, catalogue, addresses, FixedClock(NOW))


def test_no_key_is_made_without_a_passphrase(
    settings: CommonSettings, catalogue: Catalogue, addresses: Addresses
) -> None:
    bare = CommonSettings.model_validate({"state_dir": settings.state_dir, "key_passphrase": ""})
    with pytest.raises(KeystoreError, match="MADANG_KEY_PASSPHRASE"):
        prepare_state(bare, catalogue, addresses, FixedClock(NOW))
    assert contents(settings.state_dir) == {}


def test_an_interrupted_preparation_leaves_no_half_file(
    settings: CommonSettings,
    catalogue: Catalogue,
    addresses: Addresses,
    prepared: StateFolders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half a file would count as made: that service would be refused for ever."""
    made = contents(prepared.services)
    for path in made:
        path.unlink()

    def full(_: int) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", only_here(full, os.fsync))
        with pytest.raises(OSError, match="full"):
            prepare_state(settings, catalogue, addresses, FixedClock(NOW))
    assert not [path for path in contents(prepared.services) if path.suffix == ".json"]
    prepare_state(settings, catalogue, addresses, FixedClock(NOW))
    assert contents(prepared.services) == made


def test_a_preparation_interrupted_anywhere_is_finished_by_the_next(
    catalogue: Catalogue,
    addresses: Addresses,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every signing key ends up with a chain that holds, at whichever file the disk was full."""
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    one = replace(catalogue, tenants=Tenants([next(iter(catalogue.tenants))]))
    steps, finished = 0, False
    while not finished:
        state = tmp_path_factory.mktemp("state")
        settings = CommonSettings.model_validate({"state_dir": state, "key_passphrase": "right"})
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", only_here(failing_after(steps), os.fsync))
            try:
                prepare_state(settings, one, addresses, FixedClock(NOW))
                finished = True
            except OSError:
                steps += 1
        prepare_state(settings, one, addresses, FixedClock(NOW + 1000))
        for tenant in one.tenants.ids():
            anchors = load_anchors(StateFolders(state).anchors, tenant)
            for service in ("issuer", "verifier"):
                chain = keystore(settings).chain(tenant, service)
                assert validate_chain(chain, anchors, now=NOW + 1000)
    assert steps > 15


def test_two_who_prepare_at_once_make_one_city(
    settings: CommonSettings,
    catalogue: Catalogue,
    addresses: Addresses,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As units of a service manager do that each prepare before they start."""
    monkeypatch.setattr(keys_module, "SCRYPT_N", 2)
    both, wrong = threading.Barrier(2), []

    def prepare() -> None:
        both.wait()
        try:
            prepare_state(settings, catalogue, addresses, FixedClock(NOW))
        except (KeystoreError, OSError, LifeError) as error:
            wrong.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    keys, folders = keystore(settings), StateFolders(settings.state_dir)
    for tenant in catalogue.tenants.ids():
        anchors = load_anchors(folders.anchors, tenant)
        signer = KeyRings(keys).signer(tenant, "issuer", now=NOW)
        assert validate_chain(signer.certificate_chain, anchors, now=NOW) == signer.public_key
        for service in ("issuer", "verifier", "counter"):
            found = FolderServiceKeys(folders.services).key(addresses.identifier(tenant, service))
            assert found == keys.signer(tenant, f"service-{service}").public_key


def test_a_preparation_makes_the_issuers_keys_in_the_token(
    settings: CommonSettings, catalogue: Catalogue, addresses: Addresses, softhsm: SoftHsm
) -> None:
    """The key is named by its municipality, its certificates are files, and nothing else moves."""
    told = {
        "pkcs11_module": softhsm.module,
        "pkcs11_token": softhsm.token("city"),
        "pkcs11_pin": SecretStr(PIN),
    }
    settings = settings.model_copy(update=told)
    for _ in range(2):
        prepare_state(settings, catalogue, addresses, FixedClock(NOW))
    folders, keys = StateFolders(settings.state_dir), keystore(settings)
    names = {path.name for path in folders.keys.glob("*/issuer*.key")}
    assert names == {"issuer-encryption.key"}
    for tenant in catalogue.tenants.ids():
        signer = keys.signer(tenant, "issuer")
        assert isinstance(signer, HsmSigner)
        assert signer.label == f"{tenant}/issuer"
        anchors = load_anchors(folders.anchors, tenant)
        key = validate_chain(signer.certificate_chain, anchors, now=NOW)
        assert checker_for(key).check(signer.sign(b"x"), b"x")
        assert isinstance(keys.signer(tenant, "verifier"), SoftwareSigner)


def failing_after(calls: int) -> Callable[[int], None]:
    left, real = iter(range(calls)), os.fsync

    def fsync(descriptor: int) -> None:
        if next(left, None) is None:
            raise OSError("the disk is full")
        real(descriptor)

    return fsync
