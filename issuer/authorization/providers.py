"""OpenID providers of the municipalities, from the file that the setting `upstream_file` names.

    {"hanbit": {
      "issuer": "https://login.example", "client_id": "hanbit",
      "key": "hanbit.pem", "key_id": "1",
      "names": {"ko": "…", "en": "…", "ja": "…"},
      "scope": "openid profile",
      "levels": {"urn:example:acr:high": "high"},
      "person": {"name": "name", "birthdate": "birthdate", "document_number": "card_number"}}}

`key` is a private key in PEM, found from the file's folder; `client_secret` may stand in its place.
`levels` gives for each acr value, strongest first, how well the provider knows the person;
`person` names the claims of the ID token that the register knows people by.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import ConfigDict, Field, model_validator

from madang.core.catalog.certificate_type import LANGUAGES, IdentityLevel, Texts
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.jwk import KeyFormatError
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner
from madang.core.protocol.message import Message, read
from madang.core.protocol.urls import is_web_address
from madang.infra.settings import SettingsFileError

_OPENID = "openid"
_Text = Annotated[str, Field(min_length=1, max_length=1000)]
_Level = Annotated[IdentityLevel, Field(strict=False)]


class ProviderFileError(SettingsFileError):
    """The file of OpenID providers cannot be used; the message names the place."""


class PersonClaims(Message):
    """Names of the claims by which the register knows people."""

    model_config = ConfigDict(extra="forbid")

    name: _Text
    birthdate: _Text
    document_number: _Text

    def names(self) -> tuple[str, ...]:
        """Return the names of the claims."""
        return (self.name, self.birthdate, self.document_number)


class _Entry(Message):
    """One municipality's provider, as the file has it; a name that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid")

    issuer: _Text
    client_id: _Text
    client_secret: _Text | None = None
    key: _Text | None = None
    key_id: str = ""
    names: Mapping[str, _Text]
    scope: _Text = _OPENID
    levels: Annotated[Mapping[str, _Level], Field(min_length=1)]
    person: PersonClaims

    @model_validator(mode="after")
    def _complete(self) -> "_Entry":
        if (self.key is None) == (self.client_secret is None):
            raise ValueError("exactly one of key and client_secret is needed")
        if set(LANGUAGES) - set(self.names):
            raise ValueError(f"names should have {', '.join(LANGUAGES)}")
        if _OPENID not in self.scope.split():
            raise ValueError("scope should hold openid")
        if any(not acr or " " in acr for acr in self.levels):
            raise ValueError("levels: an acr value is one word")
        return self


@dataclass(frozen=True, slots=True)
class Provider:
    """One municipality's OpenID provider.

    Attributes:
        issuer: its identifier.
        client_id: the municipality's, at the provider.
        secret: what the municipality proves itself by; empty when it has a key.
        signer: the municipality's key; None when it has a secret.
        names: what residents know it as, per language.
        scope: what is asked for.
        levels: how well the person is known, by acr value, strongest first.
        person: claims by which the register knows people.
    """

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    signer: Signer | None
    names: Texts
    scope: str
    levels: Mapping[str, IdentityLevel]
    person: PersonClaims


def load_providers(
    path: Path | None, tenants: tuple[str, ...], *, allow_loopback_http: bool
) -> dict[str, Provider]:
    """Return the providers by municipality; none without a file.

    Raises:
        ProviderFileError: not readable, or not as it has to be.
    """
    if path is None:
        return {}
    try:
        value = strict_json.loads(path.read_bytes())
    except (OSError, EncodingError) as error:
        raise ProviderFileError(f"{path}: {error}") from error
    if not isinstance(value, dict) or set(value) - set(tenants):
        known = ", ".join(tenants)
        raise ProviderFileError(f"{path}: an object by municipality was expected: {known}")
    return {
        tenant: _provider(path, tenant, entry, allow_loopback_http=allow_loopback_http)
        for tenant, entry in value.items()
    }


def _provider(path: Path, tenant: str, value: object, *, allow_loopback_http: bool) -> Provider:
    def refuse(reason: str) -> ProviderFileError:
        return ProviderFileError(f"{path}: {tenant}: {reason}")

    entry = read(_Entry, value, refuse)
    if not is_web_address(entry.issuer, allow_loopback_http=allow_loopback_http):
        raise refuse("issuer should be an absolute https address")
    signer = None
    if entry.key is not None:
        try:
            pem = (path.parent / entry.key).read_bytes()
            key = load_pem_private_key(pem, password=None)
            signer = SoftwareSigner(key, entry.key_id)  # type: ignore[arg-type]  # it says what it takes
        except (OSError, ValueError, TypeError, KeyFormatError) as error:
            raise refuse(f"key: {error}") from error
    return Provider(
        issuer=entry.issuer,
        client_id=entry.client_id,
        secret=entry.client_secret or "",
        signer=signer,
        names=entry.names,
        scope=entry.scope,
        levels=entry.levels,
        person=entry.person,
    )
