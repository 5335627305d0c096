"""The vectors of spruceid/isomdl; every file of the folder is used, or named with a reason."""

from collections.abc import Mapping
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import base64url, cbor
from madang.core.envelope import cose
from madang.core.envelope.cose import Mac0, Sign1
from madang.core.formats.mdoc import session
from madang.core.formats.mdoc.agreement import SoftwareAgreement
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.model import (
    encode_issuer_signed,
    parse_issuer_signed,
    parse_response,
    read_issuer_signed,
)
from madang.core.formats.mdoc.verify import TrustedKey, verify_issued
from madang.core.keys.cose_key import from_cose
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import checker_for

SPRUCE = "spruceid-definitions"
USED = {
    "iso18013-5-annex-d.json",  # test_annex_d.py
    "vical/aamva-vical-2025-11-18-1763491092481.cbor",  # test_vical.py
    f"{SPRUCE}/device_response.cbor",
    f"{SPRUCE}/issuer_signed.cbor",
    f"{SPRUCE}/issuer_signed_dehydrated.cbor",
    f"{SPRUCE}/namespaced_data.cbor",
    f"{SPRUCE}/cose/mac0/secret_key",
    f"{SPRUCE}/cose/mac0/serialized.cbor",
    f"{SPRUCE}/cose/sign1/secret_key",
    f"{SPRUCE}/cose/sign1/serialized.cbor",
    f"{SPRUCE}/cose_key/ec_p256.cbor",
    f"{SPRUCE}/session/e_device_key.cbor",
    f"{SPRUCE}/session/reader_session_key.cbor",
    f"{SPRUCE}/session/session_establishment.cbor",
    f"{SPRUCE}/session/session_transcript.cbor",
    f"{SPRUCE}/session/shared_secret.cbor",
}
EXCLUDED = {"README.md": "says where the others come from"}
Values = Mapping[str, bytes]


def test_no_file_is_left_out(folder: Path) -> None:
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == USED | EXCLUDED.keys()
    assert len(files) == 17


def test_cose_sign1(spruce: Values) -> None:
    message = cose.parse_sign1(spruce["cose/sign1/serialized.cbor"])
    number = int.from_bytes(spruce["cose/sign1/secret_key"], "big")
    public = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    assert message.payload == b"This is the content."
    assert cose.verify1(message, checker_for(PublicKey.from_native(public)))


def test_cose_mac0(spruce: Values) -> None:
    """The whole file is the key, although it would read as a key in CBOR."""
    message = cose.parse_mac0(spruce["cose/mac0/serialized.cbor"])
    assert cose.verify_mac0(message, spruce["cose/mac0/secret_key"])


def test_cose_key(spruce: Values) -> None:
    key = from_cose(cbor.loads(spruce["cose_key/ec_p256.cbor"]))
    assert (key.kty, key.crv) == ("EC", "P-256")


def test_the_session_is_that_of_annex_d(spruce: Values, annex_d: Values, transcript: bytes) -> None:
    for name in ("session_establishment", "session_transcript"):
        other = "SESSION_ESTABLISHMENT" if name.endswith("ment") else "SESSION_TRANSCRIPT_BYTES"
        assert spruce[f"session/{name}.cbor"] == annex_d[other]
    number = int.from_bytes(spruce["session/e_device_key.cbor"], "big")
    device = SoftwareAgreement(ec.derive_private_key(number, ec.SECP256R1()))
    reader_key = session.parse_establishment(annex_d["SESSION_ESTABLISHMENT"]).e_reader_key
    assert device.shared_secret(reader_key) == spruce["session/shared_secret.cbor"]
    keys = session.begin(device, reader_key, transcript)
    assert keys.reader.key == spruce["session/reader_session_key.cbor"]


def test_issuer_signed(spruce: Values, annex_d: Values) -> None:
    issued = parse_issuer_signed(spruce["issuer_signed.cbor"])
    (document,) = parse_response(annex_d["DEVICE_RESPONSE"]).documents
    assert issued == document.issuer_signed
    key = TrustedKey(PublicKey.from_certificate(annex_d["DS_CERT"]))
    verdict = verify_issued(issued, issuer=key, now=1_609_459_200)
    assert verdict.ok
    again = cbor.loads(encode_issuer_signed(issued))
    assert again == cbor.loads(spruce["issuer_signed.cbor"])


def test_the_values_are_those_of_the_data(spruce: Values) -> None:
    """namespaced_data.cbor lists name and value of each element, in the same order."""
    issued = parse_issuer_signed(spruce["issuer_signed.cbor"])
    (name_space,) = cbor.loads(spruce["namespaced_data.cbor"])["namespaces"]
    listed = cbor.loads(spruce["namespaced_data.cbor"])["namespaces"][name_space]
    items = issued.name_spaces[name_space]
    assert [(i.element_identifier, i.element_value) for i in items] == [
        (each["name"], each["value"]) for each in listed
    ]


def test_a_document_without_its_values_does_not_verify(spruce: Values, annex_d: Values) -> None:
    """Its values are null until a wallet puts those of namespaced_data.cbor in their place."""
    dry = parse_issuer_signed(spruce["issuer_signed_dehydrated.cbor"])
    key = TrustedKey(PublicKey.from_certificate(annex_d["DS_CERT"]))
    verdict = verify_issued(dry, issuer=key, now=1_609_459_200)
    assert [failure.code for failure in verdict.failures] == ["digest"] * 6

    ((name_space, listed),) = cbor.loads(spruce["namespaced_data.cbor"])["namespaces"].items()
    value = cbor.loads(spruce["issuer_signed_dehydrated.cbor"])
    filled = []
    for item, each in zip(value["nameSpaces"][name_space], listed, strict=True):
        members = cbor.loads(item.value) | {"elementValue": each["value"]}
        filled.append(cbor.Tag(24, in_their_order(members)))
    value["nameSpaces"][name_space] = filled
    assert verify_issued(read_issuer_signed(value), issuer=key, now=1_609_459_200).ok


def in_their_order(members: dict[str, object]) -> bytes:
    """Encode an item with its names in the order of the example, which its digest covers."""
    names = ("digestID", "random", "elementIdentifier", "elementValue")
    return cbor2.dumps({name: members[name] for name in names})


def test_a_response_without_a_security_object_is_refused(spruce: Values) -> None:
    """Its shape is right, but what is signed in it is the text of a COSE example."""
    value = cbor.loads(spruce["device_response.cbor"])
    assert value["documents"][0]["issuerSigned"]["issuerAuth"].value[2] == b"This is the content."
    with pytest.raises(MdocError) as refused:
        parse_response(spruce["device_response.cbor"])
    assert refused.value.code == "malformed_mdoc"
    assert "MobileSecurityObject" in refused.value.detail
    auth = value["documents"][0]["issuerSigned"]["issuerAuth"]
    mac = value["documents"][0]["deviceSigned"]["deviceAuth"]["deviceMac"]
    assert isinstance(cose.read_sign1(auth), Sign1)
    assert isinstance(cose.read_mac0(mac), Mac0)
    assert base64url.encode(auth.value[0]) == "oQEm"
