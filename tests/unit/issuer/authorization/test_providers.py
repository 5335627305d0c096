"""The file of OpenID providers: what it says, and what is a mistake in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from issuer.authorization.providers import Provider, ProviderFileError, load_providers
from madang.core.catalog.certificate_type import IdentityLevel

TENANTS = ("hanbit", "saebyeol")
ENTRY = {
    "issuer": "https://login.example",
    "client_id": "hanbit",
    "client_secret": "s3cret",
    "names": {"ko": "누리", "en": "Nuri", "ja": "ヌリ"},
    "levels": {"urn:card": "high", "urn:phone": "substantial"},
    "person": {"name": "name", "birthdate": "birthdate", "document_number": "card"},
}


def load(folder: Path, value: object, **more: bool) -> dict[str, Provider]:
    path = folder / "upstream.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return load_providers(path, TENANTS, **{"allow_loopback_http": False, **more})


def entry(**changes: Any) -> dict[str, Any]:
    members = {**ENTRY, **changes}
    return {"hanbit": {name: value for name, value in members.items() if value != ...}}


def test_without_a_file_there_are_none() -> None:
    assert load_providers(None, TENANTS, allow_loopback_http=False) == {}


def test_a_provider_with_a_secret(tmp_path: Path) -> None:
    found = load(tmp_path, entry())["hanbit"]
    assert (found.issuer, found.client_id, found.secret) == (
        "https://login.example",
        "hanbit",
        "s3cret",
    )
    assert found.signer is None
    assert found.scope == "openid"
    assert [*found.levels.items()] == [
        ("urn:card", IdentityLevel.HIGH),
        ("urn:phone", IdentityLevel.SUBSTANTIAL),
    ]
    assert "s3cret" not in repr(found)


def test_a_provider_with_a_key_beside_the_file(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "city.pem").write_bytes(pem)
    found = load(tmp_path, entry(client_secret=..., key="city.pem", key_id="1"))["hanbit"]
    assert found.signer is not None
    assert (found.signer.key_id, found.signer.algorithm) == ("1", "ES256")
    assert found.secret == ""


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("{", "not JSON"),
        ("[]", "hanbit, saebyeol"),
        ({"moon": ENTRY}, "hanbit, saebyeol"),
        ({"hanbit": []}, "hanbit"),
        (entry(client_secret=...), "exactly one of key and client_secret"),
        (entry(key="city.pem"), "exactly one of key and client_secret"),
        (entry(issuer="http://login.example"), "https"),
        (entry(issuer=...), "issuer"),
        (entry(names={"ko": "누리", "en": "Nuri"}), "names"),
        (entry(levels={}), "levels"),
        (entry(levels={"urn:card": "great"}), "levels"),
        (entry(levels={"two words": "high"}), "levels"),
        (entry(scope="profile"), "scope"),
        (entry(person={"name": "name", "birthdate": "birthdate"}), "document_number"),
        (entry(client_sekret="x"), "client_sekret"),
        (entry(client_secret=..., key="absent.pem"), "key"),
    ],
    ids=range(16),
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, value: object, told: str) -> None:
    with pytest.raises(ProviderFileError, match=told) as caught:
        load(tmp_path, value)
    assert "upstream.json" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_key_behind_a_passphrase_is_a_mistake(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    sealed = BestAvailableEncryption(b"passphrase")
    (tmp_path / "city.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
    )
    with pytest.raises(ProviderFileError, match="hanbit: key"):
        load(tmp_path, entry(client_secret=..., key="city.pem"))


def test_a_provider_on_this_machine_is_for_a_first_run(tmp_path: Path) -> None:
    local = entry(issuer="http://127.0.0.1:9000")
    assert load(tmp_path, local, allow_loopback_http=True)
    with pytest.raises(ProviderFileError):
        load(tmp_path, local)


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ProviderFileError, match="absent"):
        load_providers(tmp_path / "absent.json", TENANTS, allow_loopback_http=False)
