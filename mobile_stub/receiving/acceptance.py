"""Hold what an issuer sent against what was offered, before it is kept (section 8.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import cose, jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.model import parse_issuer_signed
from madang.core.formats.mdoc.verify import verify_issued
from madang.core.formats.sd_jwt import vc
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.key_binding import holder_key
from madang.core.formats.sd_jwt.model import SdJwt, parse
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.protocol.oid4vci.metadata import CredentialConfiguration
from madang.core.trust.registry import TrustError
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy
from mobile_stub.receiving.trust import IssuerTrust

FORMATS = (SD_JWT_VC, MSO_MDOC)
"""What this wallet can hold, the one it prefers first."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What a certificate has to be.

    Attributes:
        configuration: as the issuer describes it.
        trust: by what its signature counts.
        names: what the issuer calls it, per language.
        now: seconds since the epoch.
        identifier: which of several that were granted; empty where there is one.
    """

    configuration: CredentialConfiguration
    trust: IssuerTrust
    names: dict[str, str]
    now: int
    identifier: str = ""

    @property
    def type(self) -> str:
        """Return its `vct` or document type."""
        return type_of(self.configuration)


@dataclass(frozen=True, slots=True)
class _Copy:
    text: str
    digest: str
    key: PublicKey | None


def type_of(configuration: CredentialConfiguration) -> str:
    """Return the `vct` or document type of a configuration whose format can be held."""
    of_type = configuration.doctype if configuration.format == MSO_MDOC else configuration.vct
    return str(of_type)


def names_of(configuration: CredentialConfiguration) -> dict[str, str]:
    """Return what the issuer calls it, per language."""
    metadata = configuration.credential_metadata
    displays = metadata.display if metadata is not None else None
    return {display.locale or "": display.name or "" for display in displays or ()}


def accepted(texts: Sequence[str], keys: Sequence[PublicKey], offered: Offered) -> list[HeldCopy]:
    """Return the copies, each under the number of the key that it is bound to.

    The issuer may send them in any order and may send fewer than were asked for (section 8.3).

    Args:
        texts: as they came.
        keys: the holder keys that were proved; none for a certificate that is bound to no key.
        offered: what they have to be.

    Raises:
        WalletError: wrong_number, credential_malformed, issuer_not_trusted or credential_refused.
    """
    most = max(1, len(keys))
    if len(texts) > most:
        raise WalletError(
            "wrong_number", f"{len(texts)} copies came, at most {most} were asked for"
        )
    check = _mdoc if offered.configuration.format == MSO_MDOC else _sd_jwt
    copies = [check(text, offered, bound=bool(keys)) for text in texts]
    numbers = [_number(copy, keys) for copy in copies]
    if len({*numbers}) < len(numbers):
        raise _refused("two copies are bound to one key")
    if len({copy.digest for copy in copies}) < len(copies):
        raise _refused("one copy came twice")
    return [
        HeldCopy(
            copy.digest,
            offered.trust.issuer,
            offered.configuration.format,
            offered.type,
            number,
            copy.text,
            offered.names,
            identifier=offered.identifier,
        )
        for number, copy in sorted(zip(numbers, copies, strict=True), key=lambda pair: pair[0])
    ]


def _number(copy: _Copy, keys: Sequence[PublicKey]) -> int:
    if not keys:
        return 0
    if copy.key is None or copy.key not in keys:
        raise _refused("it is bound to another key")
    return list(keys).index(copy.key)


def _sd_jwt(text: str, offered: Offered, *, bound: bool) -> _Copy:
    trust, now = offered.trust, offered.now
    issuer = trust.issuer if trust.registry is not None else None
    expected = vc.Expectation(vct=(offered.type,), issuer=issuer)
    try:
        parsed = parse(text)
        key = _sd_jwt_key(parsed, offered)
        verdict = vc.verify_vc(parsed, expected, issuer_key=key, now=now)
        holder = holder_key(verdict.claims) if bound or "cnf" in verdict.claims else None
    except (SdJwtError, KeyFormatError) as error:
        raise WalletError("credential_malformed", str(error)) from error
    _hold(each.code for each in verdict.failures)
    if parsed.key_binding is not None:
        raise _refused("it came with a key binding")
    return _Copy(text, base64url.encode(parsed.issuer_digest), holder)


def _sd_jwt_key(parsed: SdJwt, offered: Offered) -> PublicKey:
    try:
        chain = jws.decode_chain(parsed.issuer_jws.header)
        return offered.trust.key(offered.type, chain, offered.now)
    except (TrustError, EnvelopeError) as error:
        raise WalletError("issuer_not_trusted", str(error)) from error


def _mdoc(text: str, offered: Offered, *, bound: bool) -> _Copy:  # noqa: ARG001 - an mdoc always is
    try:
        parsed = parse_issuer_signed(base64url.decode(text))
        chain = cose.x5chain(parsed.issuer_auth)
        issuer = offered.trust.documents(offered.type, offered.now)(offered.type, chain)
    except (EncodingError, MdocError, EnvelopeError) as error:
        raise WalletError("credential_malformed", str(error)) from error
    except TrustError as error:
        raise WalletError("issuer_not_trusted", str(error)) from error
    if not isinstance(issuer, tuple):
        raise WalletError("issuer_not_trusted", issuer.detail)
    verdict = verify_issued(parsed, issuer=issuer, now=offered.now)
    _hold(each.code for each in verdict.failures)
    if verdict.doc_type != offered.type:
        raise _refused("doc_type")
    return _Copy(text, base64url.encode(parsed.issuer_digest), verdict.device_key)


def _hold(codes: Iterable[str]) -> None:
    told = ", ".join(dict.fromkeys(codes))
    if told:
        raise _refused(told)


def _refused(why: str) -> WalletError:
    return WalletError("credential_refused", f"what the issuer sent does not hold: {why}")
