"""Everything a fresh state folder needs, made once: keys, chains, anchors, public keys.

Nothing that exists is changed, so this runs before every start.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.trust.x509 import ChainError, validate_chain
from madang.infra.anchors import load_anchors, read_certificates
from madang.infra.authority import ACCREDITATIONS, CERTIFIED, Certifier
from madang.infra.catalogue import Catalogue
from madang.infra.clock import Clock
from madang.infra.files import EVERYBODY, alone, write_whole
from madang.infra.given_keys import GivenKeys
from madang.infra.hsm import HsmKeys, open_token
from madang.infra.key_ring import PROVIDING, TURNING, KeyRings
from madang.infra.key_turning import Turning, longest_life
from madang.infra.keystore import Keystore, KeystoreError
from madang.infra.settings import CommonSettings
from madang.infra.tenancy import Addresses, Tenant, TenantId, Tenants
from madang.infra.trust import load_anchors as roots_of

CALLERS: Final = ("issuer", "verifier", "counter")
LOG: Final = "log"
LOG_SECOND: Final = "log-second"
"""Purposes of a log's keys: Ed25519, and ML-DSA-44 beside it."""
ENCRYPTION: Final = "issuer-encryption"
"""Purpose of the P-256 key to which wallets encrypt credential requests; never in a module."""
WITNESS: Final = "witness"
"""Purpose of the Ed25519 key by which a municipality or an audit body witnesses others' logs."""

_REGISTERED: Final = ("issuer", "verifier", ACCREDITATIONS)
"""Purposes of keys that are trusted by the registry's roots; the provider's are so by settings."""
_OF_TIME: Final = ("certificate_expired", "certificate_not_yet_valid")
"""What is no reason to prepare nothing: of a purpose's versions one is over, another lies ahead."""
_GIVEN = re.compile(rf"[a-z0-9-]+/({'|'.join(CERTIFIED)})(\.[1-9][0-9]?)?")
_BODY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class MovedError(RuntimeError):
    """A state folder was made for other addresses; the message says which came, and what to do."""


class WitnessNameError(ValueError):
    """An audit body's witness lacks what its name needs; the message says what to do."""


@dataclass(frozen=True, slots=True)
class StateFolders:
    """Where things are in the state folder."""

    state: Path

    @property
    def keys(self) -> Path:
        """Return the folder of the encrypted private keys."""
        return self.state / "keys"

    @property
    def anchors(self) -> Path:
        """Return the folder of the municipalities' roots."""
        return self.state / "trust" / "anchors"

    @property
    def services(self) -> Path:
        """Return the folder of the services' public keys."""
        return self.state / "trust" / "services"

    @property
    def log_keys(self) -> Path:
        """Return the folder of the logs' public keys: `<tenant>.vkey` and `<tenant>.second`."""
        return self.state / "trust" / "logs"

    @property
    def witness_keys(self) -> Path:
        """Return the folder of the witnesses' public keys: `<tenant>.vkey`."""
        return self.state / "trust" / "witnesses"


def keystore(settings: CommonSettings) -> Keystore:
    """Return the keys of this installation.

    Raises:
        KeystoreError: no passphrase is set, or a key from elsewhere is for no purpose of ours.
        GivenKeyError: a key from elsewhere cannot be used.
    """
    passphrase = settings.key_passphrase.get_secret_value()
    if not passphrase:
        raise KeystoreError("MADANG_KEY_PASSPHRASE is empty; keys need one that is not")
    folder = StateFolders(settings.state_dir).keys
    return Keystore(folder, passphrase, _hardware(settings), _given(settings))


def check_prepared(settings: CommonSettings) -> None:
    """Open a key, so that what is missing or does not open is told at the start, not to callers.

    Raises:
        KeystoreError: nothing was prepared in the state folder, or the passphrase is another.
        GivenKeyError, HsmError: as `keystore`.
    """
    keys, folder = keystore(settings), StateFolders(settings.state_dir).keys
    first = next(iter(sorted(folder.glob("*/*.key"))), None)
    if first is None:
        raise KeystoreError(
            f"nothing was prepared in {settings.state_dir}; MADANG_STATE_DIR names the folder, and"
            " `madang prepare` makes what is in it"
        )
    keys.secret(first.parent.name, first.stem)


def check_given(settings: CommonSettings, tenants: Tenants) -> None:
    """Find no key from elsewhere that is for nobody; KeystoreError naming it."""
    for name in settings.signing_keys:
        if name.partition("/")[0] not in tenants.ids():
            raise KeystoreError(
                f"MADANG_SIGNING_KEYS names {name[:80]!r}, and there is no such municipality;"
                f" expected is one of {', '.join(tenants.ids())} before the stroke"
            )


def _given(settings: CommonSettings) -> GivenKeys:
    given = GivenKeys(settings.signing_keys)
    for name in given.files:
        if not _GIVEN.fullmatch(name):
            raise KeystoreError(
                f"MADANG_SIGNING_KEYS names {name[:80]!r}; expected is <tenant>/<purpose>, or"
                " <tenant>/<purpose>.<number> for a later version, with one of"
                f" {', '.join(CERTIFIED)}"
            )
    given.check()
    return given


def _hardware(settings: CommonSettings) -> HsmKeys | None:
    if settings.pkcs11_module is None:
        return None
    wrong = settings.pkcs11_purposes - {*CERTIFIED}
    if wrong:
        raise KeystoreError(
            f"MADANG_PKCS11_PURPOSES names {', '.join(sorted(wrong))}; keys of"
            f" {' and '.join(CERTIFIED)} can live in a token"
        )
    pin = settings.pkcs11_pin.get_secret_value()
    token = open_token(settings.pkcs11_module, settings.pkcs11_token, pin)
    return HsmKeys(token, settings.pkcs11_purposes)


def prepare_state(
    settings: CommonSettings, catalogue: Catalogue, addresses: Addresses, clock: Clock
) -> None:
    """Make what is missing, one process at a time.

    Raises:
        MovedError: the folder was made for other addresses.
        KeystoreError: a key exists and does not open with this passphrase, or there is none.
        HsmError: a hardware module that was named does not do its part.
        AnchorsError: a root that was named cannot be read.
    """
    folders, now = StateFolders(settings.state_dir), clock.now()
    turning = key_turning(settings, catalogue, addresses)
    with alone(settings.state_dir / "prepare.lock"):
        check_addresses(folders, addresses, catalogue.tenants)
        check_given(settings, catalogue.tenants)
        keys = turning.certifier.keys
        for tenant in catalogue.tenants:
            # What tells the addresses comes first: nothing is certified for others than those.
            for service in CALLERS:
                _service_key(keys, folders, tenant.id, addresses.identifier(tenant.id, service))
            _log_keys(keys, folders, tenant.id, addresses.log_origin(tenant.id))
            _witness_key(keys, folders, tenant.id, addresses.bare(tenant.id, WITNESS))
            for purpose in CERTIFIED:
                turning.certifier.certify(tenant, purpose, purpose, now=now)
            _given_roots(settings, folders, tenant.id, now)
            for purpose in (*TURNING, *PROVIDING):
                turning.begin(tenant, purpose, now=now)
            if not keys.exists(tenant.id, ENCRYPTION):
                keys.create_p256(tenant.id, ENCRYPTION)
            if not keys.exists(tenant.id, "chain"):
                keys.create_secp256k1(tenant.id, "chain")


def prepare_witness(settings: CommonSettings, name: str, municipalities: Tenants) -> None:
    """Make the key of an audit body's witness if it is missing; nothing else is made.

    Raises:
        KeystoreError: as `prepare_state`.
        MovedError: the key was made for another address.
        WitnessNameError: as `audit_body`.
    """
    tenants = audit_body(name, settings.origins, municipalities)
    folders = StateFolders(settings.state_dir)
    bare = Addresses(tenants, settings.origins).bare(name, WITNESS)
    with alone(settings.state_dir / "prepare.lock"):
        _witness_key(keystore(settings), folders, name, bare)
        path = folders.witness_keys / f"{name}.vkey"
        _check([(path, _name_in(path, CosignerKey), bare)])


def audit_body(name: str, origins: Mapping[str, str], municipalities: Tenants) -> Tenants:
    """Return the one that an audit body's process serves: a name, and an origin in the settings.

    Raises:
        WitnessNameError: it has no origin, or the name is a municipality's or no name.
    """
    if name in municipalities.ids() or not _BODY.fullmatch(name):
        raise WitnessNameError(
            f"MADANG_WITNESS_NAME is {name[:80]!r}; expected is a name of small letters, digits"
            " and hyphens that no municipality has (those have a witness without that)"
        )
    if WITNESS not in origins:
        raise WitnessNameError(
            f"the witness of {name} has no address; name its origin in MADANG_ORIGINS, such as"
            ' {"witness": "https://audit.example"}'
        )
    return Tenants([Tenant(TenantId(name), {}, urlsplit(origins[WITNESS]).netloc, "")])


def check_addresses(folders: StateFolders, addresses: Addresses, tenants: Tenants) -> None:
    """Refuse a state folder that was made for other addresses than those that are served now.

    An empty one is for any. Services would refuse one another's tokens and logs without a word.

    Raises:
        MovedError: it was, or a file that says for which is damaged.
    """
    _check(_told_addresses(folders, addresses, tenants))


def _check(told: Iterable[tuple[Path, str, str]]) -> None:
    for path, was, now in told:
        if was != now:
            raise MovedError(
                f"this state folder was made for {was} ({path}), and {now} is to be served now."
                " Certificates, receipts and logs hold the addresses of before. Start with those"
                " (MADANG_ORIGINS, or --port of `madang run`), or in another folder"
                " (MADANG_STATE_DIR, or --state)"
            )


def _told_addresses(
    folders: StateFolders, addresses: Addresses, tenants: Tenants
) -> Iterator[tuple[Path, str, str]]:
    """Return each file that tells an address, the address, and the one that is due."""
    for tenant in tenants.ids():
        for service in CALLERS:
            path = folders.services / f"{tenant}-{service}.json"
            if path.exists():
                yield path, _issuer_in(path), addresses.identifier(tenant, service)
        path = folders.log_keys / f"{tenant}.vkey"
        if path.exists():
            yield path, _name_in(path, VerifierKey), addresses.log_origin(tenant)
        path = folders.witness_keys / f"{tenant}.vkey"
        if path.exists():
            yield path, _name_in(path, CosignerKey), addresses.bare(tenant, WITNESS)


def _issuer_in(path: Path) -> str:
    try:
        value = strict_json.loads(path.read_bytes())
    except EncodingError as error:
        raise _damaged(path) from error
    if not isinstance(value, dict) or not isinstance(value.get("issuer"), str):
        raise _damaged(path)
    return str(value["issuer"])


def _name_in(path: Path, kind: type[VerifierKey | CosignerKey]) -> str:
    try:
        return kind.parse(path.read_text("utf-8").strip()).name
    except (NoteError, UnicodeDecodeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> MovedError:
    return MovedError(f"{path} is not what was written; put back the file as it was")


def key_turning(settings: CommonSettings, catalogue: Catalogue, addresses: Addresses) -> Turning:
    """Return what decides on the keys of this installation; KeystoreError as `keystore`."""
    keys, folders = keystore(settings), StateFolders(settings.state_dir)
    certifier = Certifier(keys, folders.anchors, addresses)
    return Turning(KeyRings(keys), certifier, longest_life(catalogue))


def _given_roots(settings: CommonSettings, folders: StateFolders, tenant: str, now: int) -> None:
    """Keep the roots of chains from elsewhere; refuse a chain that others could not check."""
    folder = folders.anchors / tenant
    for name, files in settings.signing_keys.items():
        whose, _, purpose = name.partition("/")
        if whose != tenant:
            continue
        for der in set(load_anchors(files.anchor)).difference(roots_of(folders.anchors, tenant)):
            write_whole(folder / f"{sha256(der).hexdigest()}.der", der, EVERYBODY)
        if purpose.partition(".")[0] in _REGISTERED:
            try:
                validate_chain(
                    read_certificates(files.chain), roots_of(folders.anchors, tenant), now=now
                )
            except ChainError as error:
                if error.code in _OF_TIME:
                    continue
                raise KeystoreError(
                    f"MADANG_SIGNING_KEYS, {name}: {files.chain} leads to no root of {tenant}"
                    f' ({error.code}); name its root, PEM or DER, by "anchor" beside key and'
                    f" chain, or put it into {folder} in DER"
                ) from error


def _service_key(keys: Keystore, folders: StateFolders, tenant: str, identifier: str) -> None:
    service = identifier.rsplit("/", 1)[1]
    purpose = f"service-{service}"
    if not keys.exists(tenant, purpose):
        keys.create_p256(tenant, purpose)
    jwk = keys.signer(tenant, purpose).public_key.to_jwk()
    content = strict_json.dumps({"issuer": identifier, "jwk": jwk})
    _keep(folders.services / f"{tenant}-{service}.json", content)


def _log_keys(keys: Keystore, folders: StateFolders, tenant: str, origin: str) -> None:
    if not keys.exists(tenant, LOG):
        keys.create_ed25519(tenant, LOG)
    if not keys.exists(tenant, LOG_SECOND):
        keys.create_ml_dsa_44(tenant, LOG_SECOND)
    first = VerifierKey.of(origin, keys.signer(tenant, LOG))
    second = CosignerKey.of(origin, keys.signer(tenant, LOG_SECOND))
    _keep(folders.log_keys / f"{tenant}.vkey", first.encode())
    _keep(folders.log_keys / f"{tenant}.second", second.encode())


def _witness_key(keys: Keystore, folders: StateFolders, name: str, bare: str) -> None:
    if not keys.exists(name, WITNESS):
        keys.create_ed25519(name, WITNESS)
    key = CosignerKey.of(bare, keys.signer(name, WITNESS))
    _keep(folders.witness_keys / f"{name}.vkey", key.encode())


def _keep(path: Path, content: str) -> None:
    if not path.exists():
        write_whole(path, content.encode(), EVERYBODY)
