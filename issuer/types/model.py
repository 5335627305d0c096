"""Types in the formats that a wallet can ask for, and what can be wrong about one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NewType

from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.formats.identifiers import SD_JWT_VC

ConfigurationId = NewType("ConfigurationId", str)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A certificate type in one format.

    Attributes:
        id: `credential_configuration_id`: the type's id for SD-JWT VC, `<type id>.mso_mdoc` for
            an mdoc. A type id has no dots.
        type: the certificate type.
        format: OpenID4VCI format identifier.
    """

    id: ConfigurationId
    type: CertificateType
    format: str


def configurations(
    types: Mapping[TypeId, CertificateType],
) -> dict[ConfigurationId, Configuration]:
    """Return every type in every format that it allows, by `credential_configuration_id`."""
    found = [
        Configuration(configuration_id(each.id, format_), each, format_)
        for each in types.values()
        for format_ in each.formats
    ]
    return {each.id: each for each in found}


def configuration_id(type_id: TypeId, format_: str) -> ConfigurationId:
    """Return the name of a type in a format."""
    return ConfigurationId(type_id if format_ == SD_JWT_VC else f"{type_id}.{format_}")


def type_of(configuration: ConfigurationId) -> TypeId:
    """Return the type that a configuration is of."""
    return TypeId(configuration.partition(".")[0])


class NoSuchType(LookupError):  # noqa: N818 - a state of the catalogue
    """No certificate type of this name and version is described here."""
