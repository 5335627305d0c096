"""SD-JWT VC Type Metadata: what a wallet needs to show a type it has never seen."""

from madang.core.catalog.certificate_type import CertificateType, Claim, Texts
from madang.core.encoding import canonical_json
from madang.core.encoding.strict_json import Json

DEVELOPERS_LANGUAGE = "en"
"""Language of ``name`` and ``description``, which speak to developers."""


def type_metadata(certificate_type: CertificateType, vct: str) -> dict[str, Json]:
    """Return the Type Metadata document (draft-ietf-oauth-sd-jwt-vc, Type Metadata Format).

    Args:
        certificate_type: the type.
        vct: the address at which the document is served and which credentials carry.
    """
    return {
        "vct": vct,
        "name": certificate_type.names[DEVELOPERS_LANGUAGE],
        "description": certificate_type.descriptions[DEVELOPERS_LANGUAGE],
        "display": [
            _display(tag, name, certificate_type.descriptions.get(tag))
            for tag, name in certificate_type.names.items()
        ],
        "claims": [_claim(claim) for claim in certificate_type.claims],
    }


def encode(certificate_type: CertificateType, vct: str) -> bytes:
    """Return the document's bytes (RFC 8785): equal wherever they are made, so they can be hashed.

    ``vct#integrity`` of a credential is the hash of exactly these bytes.
    """
    return canonical_json.encode(type_metadata(certificate_type, vct))


def _display(tag: str, name: str, description: str | None) -> dict[str, Json]:
    display = {"locale": tag, "name": name}
    return display if description is None else {**display, "description": description}


def _claim(claim: Claim) -> dict[str, Json]:
    return {
        "path": list(claim.path),
        "display": _labels(claim.display),
        "mandatory": claim.mandatory,
        "sd": claim.sd.value,
    }


def _labels(texts: Texts) -> list[Json]:
    return [{"locale": tag, "label": label} for tag, label in texts.items()]
