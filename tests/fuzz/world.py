"""Keys, certificates and times that never change, so that a seed stays good."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.formats.sd_jwt import vc
from madang.core.formats.sd_jwt.model import digest_of
from madang.core.formats.sd_jwt.present import KEY_BINDING_TYPE
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import SoftwareSigner
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.tree import Tree, leaf_hash
from madang.core.merkle.witness import SeenHead
from madang.core.protocol.dcql.model import DcqlQuery, parse_query
from madang.core.protocol.oid4vp.client_id import x509_hash_client_id
from madang.core.trust.model import Attester
from tests.accreditations import trust_of
from tests.fuzz.harness import chunks

NOW = 1_780_000_000
ISSUER = "https://mapo.example/mapo/issuer"
VERIFIER = "https://mapo.example/mapo/verifier"
VCT = f"{ISSUER}/vct/id/1"
LIST = f"{ISSUER}/statuslists/1"
DID = "did:web:mapo.example:mapo:issuer"
ETHR_ADDRESS = "0x" + "1a" * 20
ETHR_DID = f"did:ethr:0x539:{ETHR_ADDRESS}"
ORIGIN = "mapo.example/mapo/log"
NONCE, STATE = "bm9uY2U", "c3RhdGU"

_ROOT = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
_LEAF = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)


def _certificate(subject: str, issuer: str, *, authority: bool) -> bytes:
    """Return a certificate in DER; Ed25519 signs without chance."""
    key = _ROOT if authority else _LEAF
    usage = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    names = [x509.UniformResourceIdentifier(ISSUER), x509.UniformResourceIdentifier(VERIFIER)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, **usage),
            critical=True,
        )
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.DNSName("mapo.example")]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(_ROOT.public_key()), critical=False
        )
    )
    return builder.sign(_ROOT, None).public_bytes(Encoding.DER)


ROOT_DER = _certificate("root", "root", authority=True)
LEAF_DER = _certificate("leaf", "root", authority=False)
SIGNER = SoftwareSigner(_LEAF, "k1", (LEAF_DER,))
HOLDER = SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(b"\x03" * 32), "holder")
LOG_KEY = VerifierKey.of(ORIGIN, SIGNER)
ML_DSA_KEY = mldsa.MLDSA44PrivateKey.from_seed_bytes(b"\x04" * 32)
ML_DSA = SoftwareSigner(ML_DSA_KEY, "pq")
COSIGNER_KEY = CosignerKey.of(ORIGIN, ML_DSA)
WITNESS_NAME = "b.example/b/witness"
WITNESS_KEY = CosignerKey.of(WITNESS_NAME, HOLDER)
_TREE = Tree([leaf_hash(bytes([number])) for number in range(5)])
SEEN = SeenHead(2, _TREE.root(2))
PROOF = tuple(_TREE.consistency_proof(2, 5))
HEAD = checkpoint.parse_note(checkpoint.sign(Checkpoint(ORIGIN, 5, _TREE.root()), SIGNER))
CHAIN = {"x5c": jws.encode_chain(SIGNER.certificate_chain)}
CLIENT_ID = x509_hash_client_id(LEAF_DER)
ATTESTER = Attester(ISSUER, "mapo", (ROOT_DER,))
TRUST = trust_of({VCT: (ATTESTER,)}, {VCT: "id"})

_ENCRYPTION = ec.derive_private_key(5, ec.SECP256R1())
ENCRYPTION_JWK = {
    **PublicKey.from_native(_ENCRYPTION.public_key()).to_jwk(),
    "kid": "e1",
    "alg": "ECDH-ES",
}
DECRYPTION_JWKS = {"e1": {**ENCRYPTION_JWK, "d": base64url.encode((5).to_bytes(32))}}

RECORD = {"name": "Kim Mina", "birth": "1996-03-01", "languages": ["ko", "en"]}
QUERY_JSON = {
    "credentials": [
        {
            "id": "id",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [VCT]},
            "claims": [
                {"id": "a", "path": ["name"]},
                {"id": "b", "path": ["languages", None], "values": ["ko"]},
            ],
            "claim_sets": [["a", "b"], ["a"]],
        }
    ],
    "credential_sets": [{"options": [["id"]], "required": True}],
}
QUERY: DcqlQuery = parse_query(QUERY_JSON)


def presented(data: bytes) -> str:
    """Sign a payload, the claims of a key binding and disclosures: checks lie behind signatures.

    Args:
        data: these pieces as of `chunks`; `$` in the claims becomes the right `sd_hash`.
    """
    pieces = list(chunks(data))
    payload, binding, *disclosures = pieces + [b""] * (2 - len(pieces))
    issued = jws.sign(payload, {"typ": vc.TYPE, **CHAIN}, SIGNER)
    bound = "~".join([issued, *map(base64url.encode, disclosures), ""])
    claims = binding.replace(b"$", digest_of(bound, "sha-256").encode())
    return bound + jws.sign(claims, {"typ": KEY_BINDING_TYPE}, HOLDER)
