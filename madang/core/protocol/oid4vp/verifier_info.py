"""What a verifier says of itself in a request: ``verifier_info`` (OpenID4VP 1.0 section 5.1).

Ours names the purpose as the registry has it. It attests nothing by itself and needs no signature
of a registrar: the wallet holds it against its own snapshot of the registry. The members are called
as in registration certificates for wallet-relying parties (ETSI TS 119 475).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, JsonValue

from madang.core.protocol.message import Array, Message, read
from madang.core.protocol.oid4vp.errors import refusing

REGISTERED_PURPOSE: Final = "madang-registered-purpose"
_TEXT: Final = 4_000
_LANGUAGES: Final = 16
Text = Annotated[str, Field(min_length=1, max_length=_TEXT)]


class Attestation(Message):
    """One element of ``verifier_info``."""

    format: str
    data: JsonValue
    credential_ids: Annotated[Array[str], Field(min_length=1)] | None = None


class LocalisedText(Message):
    """A text in one language."""

    lang: Text
    value: Text


class RegisteredUse(Message):
    """``data`` of the format ``madang-registered-purpose``.

    Attributes:
        sub: identifier of the verifier, as registered.
        intended_use_id: the registered purpose.
        purpose: what holders are told, as registered.
    """

    sub: Text
    intended_use_id: Text
    purpose: Annotated[Array[LocalisedText], Field(min_length=1, max_length=_LANGUAGES)]


@dataclass(frozen=True, slots=True)
class Registration:
    """A use that a verifier says to be registered for.

    Attributes:
        verifier: its identifier.
        purpose: name of the purpose.
        texts: why it asks, by language tag.
    """

    verifier: str
    purpose: str
    texts: Mapping[str, str]

    def attestation(self) -> Attestation:
        """Return the element for a request."""
        texts = tuple(LocalisedText(lang=tag, value=text) for tag, text in self.texts.items())
        use = RegisteredUse(sub=self.verifier, intended_use_id=self.purpose, purpose=texts)
        return Attestation(format=REGISTERED_PURPOSE, data=use.to_json())


def registration_of(attestations: tuple[Attestation, ...] | None) -> Registration:
    """Return the registered use that a request names; other formats are left alone.

    Raises:
        VpError: ``purpose_missing`` where none is named, ``purpose_malformed`` where it cannot be
            read, names a language twice, is limited to some credentials, or is not the only one.
    """
    found = [each for each in attestations or () if each.format == REGISTERED_PURPOSE]
    if not found:
        refuse = refusing("purpose_missing", "5.1")
        raise refuse(f"verifier_info should hold an element of the format {REGISTERED_PURPOSE}")
    refuse = refusing("purpose_malformed", "5.1")
    if len(found) > 1 or found[0].credential_ids is not None:
        raise refuse("verifier_info should name one registered purpose, for the whole query")
    use = read(RegisteredUse, found[0].data, refuse)
    texts = {each.lang: each.value for each in use.purpose}
    if len(texts) != len(use.purpose):
        raise refuse("purpose: a language stands there twice")
    return Registration(use.sub, use.intended_use_id, texts)
