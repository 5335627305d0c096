"""DID documents (DID 1.0 section 5), as far as keys that sign are taken from them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from madang.core.encoding.strict_json import Json

DID_CONTEXT: Final = "https://www.w3.org/ns/did/v1"
JSON_WEB_KEY: Final = "JsonWebKey2020"
MULTIKEY: Final = "Multikey"
ED25519: Final = "Ed25519VerificationKey2020"
RECOVERY: Final = "EcdsaSecp256k1RecoveryMethod2020"
SECP256K1: Final = "EcdsaSecp256k1VerificationKey2019"

_SUITES: Final = "https://w3id.org/security/suites"
_CONTEXTS: Final = MappingProxyType(
    {
        JSON_WEB_KEY: f"{_SUITES}/jws-2020/v1",
        MULTIKEY: "https://w3id.org/security/multikey/v1",
        ED25519: f"{_SUITES}/ed25519-2020/v1",
        RECOVERY: f"{_SUITES}/secp256k1recovery-2020/v2",
        SECP256K1: f"{_SUITES}/secp256k1-2019/v1",
    }
)
_NOTHING: Final[Mapping[str, Json]] = MappingProxyType({})


class Purpose(StrEnum):
    """What a key may be used for: a verification relationship (section 5.3)."""

    AUTHENTICATION = "authentication"
    ASSERTION_METHOD = "assertionMethod"


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """A key of a document (section 5.2).

    Attributes:
        id: DID URL with a fragment.
        type: such as "JsonWebKey2020".
        controller: DID of whoever holds the private half.
        public_key_jwk: its member publicKeyJwk.
        public_key_multibase: its member publicKeyMultibase.
        other: members with a key in a form that is represented here and never used.
    """

    id: str
    type: str
    controller: str
    public_key_jwk: Mapping[str, Json] | None = None
    public_key_multibase: str | None = None
    other: Mapping[str, Json] = field(default_factory=lambda: _NOTHING)

    def to_json(self) -> dict[str, Json]:
        """Return the method as it stands in a document."""
        members: dict[str, Json] = {
            "id": self.id,
            "type": self.type,
            "controller": self.controller,
        }
        if self.public_key_jwk is not None:
            members["publicKeyJwk"] = dict(self.public_key_jwk)
        if self.public_key_multibase is not None:
            members["publicKeyMultibase"] = self.public_key_multibase
        return members | dict(self.other)


@dataclass(frozen=True, slots=True)
class Service:
    """Where the subject can be reached (section 5.4).

    Attributes:
        id: URI.
        type: one or several names.
        service_endpoint: a URI, an object, or an array of both.
    """

    id: str
    type: tuple[str, ...]
    service_endpoint: Json

    def to_json(self) -> dict[str, Json]:
        """Return the service as it stands in a document."""
        return {
            "id": self.id,
            "type": _one_or_many(self.type),
            "serviceEndpoint": self.service_endpoint,
        }


@dataclass(frozen=True, slots=True)
class DidDocument:
    """What a DID stands for.

    Attributes:
        id: the DID.
        verification_method: its keys.
        authentication: ids of those by which the subject says who it is.
        assertion_method: ids of those by which it signs statements, such as credentials.
        controller: DIDs of whoever may change the document.
        service: where the subject can be reached.
    """

    id: str
    verification_method: tuple[VerificationMethod, ...] = ()
    authentication: tuple[str, ...] = ()
    assertion_method: tuple[str, ...] = ()
    controller: tuple[str, ...] = ()
    service: tuple[Service, ...] = ()

    def listed(self, purpose: Purpose) -> tuple[str, ...]:
        """Return the ids of the keys for a purpose."""
        return self.authentication if purpose is Purpose.AUTHENTICATION else self.assertion_method

    def to_json(self) -> dict[str, Json]:
        """Return the document as it is published, in JSON-LD (section 6.3)."""
        return dict(self._members())

    def _members(self) -> Iterator[tuple[str, Json]]:
        types = dict.fromkeys(method.type for method in self.verification_method)
        yield "@context", [DID_CONTEXT, *(_CONTEXTS[name] for name in types if name in _CONTEXTS)]
        yield "id", self.id
        if self.controller:
            yield "controller", _one_or_many(self.controller)
        yield "verificationMethod", [each.to_json() for each in self.verification_method]
        yield Purpose.AUTHENTICATION.value, list(self.authentication)
        yield Purpose.ASSERTION_METHOD.value, list(self.assertion_method)
        if self.service:
            yield "service", [each.to_json() for each in self.service]


def with_one_key(method: VerificationMethod, *, signs: bool = True) -> DidDocument:
    """Return the document of a DID that is one key; for both purposes if it signs."""
    uses = (method.id,) if signs else ()
    return DidDocument(method.controller, (method,), uses, uses)


def _one_or_many(texts: Sequence[str]) -> Any:  # noqa: ANN401 - text or an array of it
    return texts[0] if len(texts) == 1 else list(texts)
