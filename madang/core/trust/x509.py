"""Chains of X.509 certificates (RFC 5280 section 6.1, as far as issuers and verifiers use it)."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from madang.core.encoding import base64url
from madang.core.keys.jwk import KeyFormatError, PublicKey

MAX_CHAIN = 5
CHAINS_KEPT = 256
"""How many chains that led to an anchor are remembered."""
Extension = TypeVar("Extension", bound=x509.ExtensionType)
_UNREADABLE = (
    ValueError,
    TypeError,  # a name whose value is of a kind that its attribute does not have
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    x509.ExtensionNotFound,
)
"""What the cryptography package raises for a certificate that it cannot read. It decodes names,
extensions and keys when they are first looked at, so any of these may come late."""
_UNDERSTOOD = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.SubjectAlternativeName.oid,
    }
)


class ChainError(ValueError):
    """A chain does not lead to a trusted anchor.

    Attributes:
        code: fixed word for the reason.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Validated:
    """A chain that leads to an anchor, whatever the time.

    Attributes:
        key: the leaf's.
        leaf_validity: first and last second of the leaf.
        not_before: first second in which every certificate is valid.
        not_after: last such second.
    """

    key: PublicKey
    leaf_validity: tuple[float, float]
    not_before: float
    not_after: float


def validate_chain(chain: Sequence[bytes], anchors: Sequence[bytes], *, now: int) -> PublicKey:
    """Return the leaf's key if the chain leads to one of the anchors; as `validate`."""
    return validate(chain, anchors, now=now).key


def validate(
    chain: Sequence[bytes], anchors: Sequence[bytes], *, now: int, purpose: str | None = None
) -> Validated:
    """Return the leaf's key and the chain's validity if it leads to one of the anchors.

    A chain that did is remembered for these anchors, because every credential of an issuer brings
    the same; the time is held against it on every call. A chain that did not is never remembered.

    Args:
        chain: DER, leaf first, root left out (HAIP 1.0 section 6.1.1).
        anchors: DER of the trusted roots.
        now: seconds since the epoch.
        purpose: object identifier that an extended key usage has to name where a certificate has
            one (RFC 5280 section 4.2.1.12); None when a critical one is not understood.

    Raises:
        ChainError: with one of the codes chain_empty, chain_too_long, chain_malformed,
            leaf_self_signed, anchor_in_chain, unknown_anchor, chain_signature,
            certificate_expired, certificate_not_yet_valid, not_a_ca, path_too_long,
            critical_extension, purpose, leaf_is_ca, leaf_key_usage, leaf_key.
    """
    if not chain:
        raise ChainError("chain_empty", "no certificate; the leaf was expected first")
    if len(chain) > MAX_CHAIN:
        raise ChainError("chain_too_long", f"{len(chain)} certificates, at most {MAX_CHAIN}")
    ways = _validated(tuple(chain), tuple(anchors), purpose)
    found = next((each for each in ways if each.not_before <= now <= each.not_after), ways[0])
    if now < found.not_before:
        raise ChainError("certificate_not_yet_valid", "a certificate's validity lies ahead")
    if now > found.not_after:
        raise ChainError("certificate_expired", "a certificate's validity has ended")
    return found


@lru_cache(maxsize=CHAINS_KEPT)
def _validated(
    chain: tuple[bytes, ...], anchors: tuple[bytes, ...], purpose: str | None
) -> tuple[Validated, ...]:
    """Return one for each anchor that signed: a root and its renewals have one key."""
    with reading():
        certificates = [_load(der) for der in chain]
        leaf = certificates[0]
        if leaf.issuer == leaf.subject:
            raise ChainError("leaf_self_signed", "the leaf is its own issuer")
        if any(der in anchors for der in chain):
            raise ChainError("anchor_in_chain", "the root is not sent inside the chain")
        roots = anchors_of(certificates[-1], anchors)
        if any(_signed_by(each, each) for each in certificates):
            raise ChainError("anchor_in_chain", "a root is not sent, nor one of its renewals")
        return tuple(_walked([*certificates, root], purpose) for root in roots)


def _walked(path: list[x509.Certificate], purpose: str | None) -> Validated:
    for position, (subject, issuer) in enumerate(pairwise(path)):
        _check_issued(subject, issuer)
        _check_authority(issuer, authorities_below=position)
        _check_understood(subject, purpose)
    leaf = path[0]
    _check_leaf(leaf)
    starts = [each.not_valid_before_utc.timestamp() for each in path]
    ends = [each.not_valid_after_utc.timestamp() for each in path]
    return Validated(_key(leaf), (starts[0], ends[0]), max(starts), min(ends))


def leaf_hash(der: bytes) -> str:
    """Return base64url SHA-256 of a certificate, as `x509_hash` has it (OpenID4VP 1.0 5.9.3)."""
    return base64url.encode(hashlib.sha256(der).digest())


def san_uris(der: bytes) -> tuple[str, ...]:
    """Return the URIs in the subject alternative names; ChainError if it is no certificate."""
    return _names(der, x509.UniformResourceIdentifier)


def san_dns(der: bytes) -> tuple[str, ...]:
    """Return the DNS names in the subject alternative names; ChainError as above."""
    return _names(der, x509.DNSName)


def subject_name(der: bytes) -> str:
    """Return the distinguished name of a certificate's subject (RFC 4514); ChainError as above."""
    with reading():
        return _load(der).subject.rfc4514_string()


def leaf_key(der: bytes) -> PublicKey:
    """Return the key in a certificate, which nobody here vouches for; ChainError as above."""
    with reading():
        return _key(_load(der))


def names_issuer(der: bytes, identifier: str) -> bool:
    """Tell whether a certificate names an https identifier as a URI, or its host; ChainError."""
    hosts = (f"https://{name}" for name in san_dns(der))
    return identifier in san_uris(der) or any(f"{identifier}/".startswith(f"{h}/") for h in hosts)


def authority_key_id(der: bytes) -> bytes | None:
    """Return the identifier of the key that signed a certificate, None where it names none.

    Raises:
        ChainError: it is no certificate.
    """
    with reading():
        identifier = _extension(_load(der), x509.AuthorityKeyIdentifier)
        return None if identifier is None else identifier.key_identifier


@lru_cache(maxsize=CHAINS_KEPT)
def _names(
    der: bytes, kind: type[x509.UniformResourceIdentifier] | type[x509.DNSName]
) -> tuple[str, ...]:
    with reading():
        names = _extension(_load(der), x509.SubjectAlternativeName)
        return () if names is None else tuple(names.get_values_for_type(kind))


@contextmanager
def reading() -> Iterator[None]:
    """Tell whatever cannot be read in a certificate as one error of ours."""
    try:
        yield
    except ChainError:
        raise
    except _UNREADABLE as error:
        raise ChainError("chain_malformed", "a certificate cannot be read") from error


def _load(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def anchors_of(last: x509.Certificate, anchors: Sequence[bytes]) -> list[x509.Certificate]:
    """Return the anchors that signed a certificate; ChainError("unknown_anchor") if none did."""
    found = [
        anchor
        for anchor in map(_load, anchors)
        if anchor.subject == last.issuer and _signed_by(last, anchor)
    ]
    if not found:
        raise ChainError("unknown_anchor", "the chain does not lead to a configured anchor")
    return found


def _signed_by(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _check_issued(subject: x509.Certificate, issuer: x509.Certificate) -> None:
    if not _signed_by(subject, issuer):
        raise ChainError("chain_signature", "a certificate is not signed by the one after it")


def _check_authority(certificate: x509.Certificate, *, authorities_below: int) -> None:
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca or usage is None or not usage.key_cert_sign:
        raise ChainError("not_a_ca", "a certificate that issued another is not an authority")
    if constraints.path_length is not None and authorities_below > constraints.path_length:
        raise ChainError("path_too_long", "an authority's path length does not allow this chain")


def _check_understood(certificate: x509.Certificate, purpose: str | None) -> None:
    """Refuse what restricts a certificate in a way not looked at here (RFC 5280 section 4.2)."""
    for extension in certificate.extensions:
        if purpose is not None and isinstance(extension.value, x509.ExtendedKeyUsage):
            if purpose not in {each.dotted_string for each in extension.value}:
                raise ChainError("purpose", f"a certificate is not for {purpose}")
        elif extension.critical and extension.oid not in _UNDERSTOOD:
            oid = extension.oid.dotted_string
            raise ChainError("critical_extension", f"the critical extension {oid} is not known")


def _check_leaf(leaf: x509.Certificate) -> None:
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise ChainError("leaf_is_ca", "the leaf is an authority")
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise ChainError("leaf_key_usage", "the leaf's key is not for signatures")


def _key(leaf: x509.Certificate) -> PublicKey:
    try:
        return PublicKey.from_native(leaf.public_key())
    except KeyFormatError as error:
        raise ChainError("leaf_key", str(error)) from error


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
