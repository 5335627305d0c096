"""Chains of X.509 certificates (RFC 5280 section 6.1, as far as issuers and verifiers use it)."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from madang.core.encoding import base64url
from madang.core.keys.jwk import KeyFormatError, PublicKey

MAX_CHAIN = 5
Extension = TypeVar("Extension", bound=x509.ExtensionType)


class ChainError(ValueError):
    """A chain does not lead to a trusted anchor.

    Attributes:
        code: fixed word for the reason.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def validate_chain(chain: Sequence[bytes], anchors: Sequence[bytes], *, now: int) -> PublicKey:
    """Return the leaf's key if the chain leads to one of the anchors.

    Args:
        chain: DER, leaf first, root left out (HAIP 1.0 section 6.1.1).
        anchors: DER of the trusted roots.
        now: seconds since the epoch.

    Raises:
        ChainError: with one of the codes chain_empty, chain_too_long, chain_malformed,
            leaf_self_signed, anchor_in_chain, unknown_anchor, chain_signature,
            certificate_expired, certificate_not_yet_valid, not_a_ca, path_too_long,
            leaf_is_ca, leaf_key_usage, leaf_key.
    """
    if not chain:
        raise ChainError("chain_empty", "no certificate; the leaf was expected first")
    if len(chain) > MAX_CHAIN:
        raise ChainError("chain_too_long", f"{len(chain)} certificates, at most {MAX_CHAIN}")
    certificates = [_load(der) for der in chain]
    leaf = certificates[0]
    if leaf.issuer == leaf.subject:
        raise ChainError("leaf_self_signed", "the leaf is its own issuer")
    if any(der in anchors for der in chain):
        raise ChainError("anchor_in_chain", "the root is not sent inside the chain")
    path = [*certificates, _anchor(certificates[-1], anchors)]
    for position, (subject, issuer) in enumerate(pairwise(path)):
        _check_issued(subject, issuer)
        _check_authority(issuer, authorities_below=position)
    for certificate in path:
        _check_validity(certificate, now)
    _check_leaf(leaf)
    try:
        return PublicKey.from_native(leaf.public_key())
    except KeyFormatError as error:
        raise ChainError("leaf_key", str(error)) from error


def leaf_hash(der: bytes) -> str:
    """Return base64url SHA-256 of a certificate, as `x509_hash` has it (OpenID4VP 1.0 5.9.3)."""
    return base64url.encode(hashlib.sha256(der).digest())


def san_uris(der: bytes) -> tuple[str, ...]:
    """Return the URIs in the subject alternative names; ChainError if it is no certificate."""
    return _names(der, x509.UniformResourceIdentifier)


def san_dns(der: bytes) -> tuple[str, ...]:
    """Return the DNS names in the subject alternative names; ChainError as above."""
    return _names(der, x509.DNSName)


def _names(
    der: bytes, kind: type[x509.UniformResourceIdentifier] | type[x509.DNSName]
) -> tuple[str, ...]:
    certificate = _load(der)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    except ValueError as error:
        raise ChainError("chain_malformed", "the certificate's extensions are malformed") from error
    return tuple(names.value.get_values_for_type(kind))


def _load(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise ChainError("chain_malformed", "not a certificate in DER form") from error


def _anchor(last: x509.Certificate, anchors: Sequence[bytes]) -> x509.Certificate:
    for anchor in map(_load, anchors):
        if anchor.subject == last.issuer and _signed_by(last, anchor):
            return anchor
    raise ChainError("unknown_anchor", "the chain does not lead to a configured anchor")


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


def _check_validity(certificate: x509.Certificate, now: int) -> None:
    if now < certificate.not_valid_before_utc.timestamp():
        raise ChainError("certificate_not_yet_valid", "a certificate's validity lies ahead")
    if now > certificate.not_valid_after_utc.timestamp():
        raise ChainError("certificate_expired", "a certificate's validity has ended")


def _check_leaf(leaf: x509.Certificate) -> None:
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise ChainError("leaf_is_ca", "the leaf is an authority")
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise ChainError("leaf_key_usage", "the leaf's key is not for signatures")


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except ValueError as error:
        raise ChainError("chain_malformed", "the certificate's extensions are malformed") from error
