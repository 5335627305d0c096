"""What a municipality asks for certain types beyond what the catalogue says, as in the settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from issuer.types.model import Configuration
from madang.core.catalog.certificate_type import TypeId
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.protocol.oid4vci.key_attestation import KeyAttestation
from madang.core.protocol.oid4vci.metadata import KeyAttestationsRequired
from madang.core.protocol.oid4vci.names import ATTESTATION, DI_VP, JWT


class KeyRule(BaseModel):
    """How the holder keys of a type have to be kept; an empty list accepts any.

    Attributes:
        key_storage: accepted attack potential resistances of the key storage.
        user_authentication: the same of whoever may use the keys.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_storage: tuple[str, ...] = ()
    user_authentication: tuple[str, ...] = ()

    def accepts(self, attested: KeyAttestation) -> bool:
        """Tell whether what a provider says of keys is enough."""
        pairs = (
            (self.key_storage, attested.key_storage),
            (self.user_authentication, attested.user_authentication),
        )
        return all(not wanted or {*wanted} & {*said} for wanted, said in pairs)

    @property
    def required(self) -> KeyAttestationsRequired:
        """The rule as the metadata tell it."""
        return KeyAttestationsRequired(
            key_storage=self.key_storage or None,
            user_authentication=self.user_authentication or None,
        )


@dataclass(frozen=True, slots=True)
class TypeRules:
    """Rules by type.

    Attributes:
        approved: types that a clerk has to approve before they are issued.
        keys: how the holder keys of a type have to be kept; other types take any key.
        attestations: whether key attestations can be checked here: there are anchors.
    """

    approved: frozenset[str]
    keys: Mapping[str, KeyRule]
    attestations: bool

    def approval(self, type_id: TypeId) -> bool:
        """Tell whether a clerk has to approve the issue of a type."""
        return type_id in self.approved

    def key_rule(self, type_id: TypeId) -> KeyRule | None:
        """Return how holder keys have to be kept; None where nothing is asked."""
        return self.keys.get(type_id)

    def proof_types(self, wanted: Configuration) -> tuple[str, ...]:
        """Return the types of key proof that are accepted.

        A presentation names its key by a DID, to which no mdoc is bound, and attests nothing.
        """
        names = [JWT]
        if wanted.format != MSO_MDOC and wanted.type.id not in self.keys:
            names.append(DI_VP)
        return (*names, ATTESTATION) if self.attestations else (*names,)
