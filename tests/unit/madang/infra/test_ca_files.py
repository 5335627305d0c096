"""The development authority's files: made once, used again, and good for what they are made for."""

import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from madang.core.envelope import jws
from madang.core.keys.signing import checker_for
from madang.core.trust.x509 import san_uris, validate_chain
from madang.infra.anchors import load_anchors, read_certificates
from madang.infra.ca_files import CaFiles, CaFilesError
from madang.infra.given_keys import GivenKeys

NOW = 1_800_000_000
URI = "https://a.example/hanbit/issuer"


def made(files: CaFiles, name: str = "issuer") -> GivenKeys:
    return GivenKeys({"a/b": files.leaf(name, "title", uri=URI, dns="a.example", now=NOW)})


def test_a_leaf_is_a_key_that_services_take(tmp_path: Path) -> None:
    files = CaFiles(tmp_path)
    signer = made(files).signer("a", "b")
    assert signer is not None
    chain = signer.certificate_chain
    assert validate_chain(chain, load_anchors(files.anchor), now=NOW) == signer.public_key
    assert san_uris(chain[0]) == (URI,)
    assert files.anchor.read_bytes() not in files.folder.joinpath("issuer.pem").read_bytes()


def test_a_later_run_keeps_what_is_there_and_has_the_same_root(tmp_path: Path) -> None:
    made(CaFiles(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    made(CaFiles(tmp_path))
    second = made(CaFiles(tmp_path), "verifier").signer("a", "b")
    assert second is not None
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {
        f"verifier.{ending}" for ending in ("key", "pem", "jwks.json")
    }
    validate_chain(second.certificate_chain, load_anchors(tmp_path / "root.pem"), now=NOW)


def test_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    made(CaFiles(tmp_path))
    keys = [*tmp_path.glob("*.key"), *tmp_path.glob("*.jwks.json")]
    assert len(keys) == 4
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys)


def test_a_tool_gets_key_and_chain_in_one_file(tmp_path: Path) -> None:
    signer = made(CaFiles(tmp_path)).signer("a", "b")
    assert signer is not None
    [jwk] = json.loads((tmp_path / "issuer.jwks.json").read_text())["keys"]
    key = ECKey.import_key(jwk)
    assert (jwk["alg"], jwk["kid"]) == ("ES256", signer.key_id)
    assert jws.decode_chain(jwk) == signer.certificate_chain
    signed = joserfc_jws.serialize_compact({"alg": "ES256"}, b"data", key)
    assert jws.verify(jws.parse(signed), checker_for(signer.public_key))


def test_a_server_has_its_names_and_the_form_that_tls_wants(tmp_path: Path) -> None:
    files = CaFiles(tmp_path).server("tls", ["localhost", "127.0.0.1", "::1"], now=NOW)
    leaf = x509.load_der_x509_certificate(read_certificates(files.chain)[0])
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert list(map(str, names.get_values_for_type(x509.IPAddress))) == ["127.0.0.1", "::1"]
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert usage == x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(files.chain, files.key)


def test_a_folder_that_was_mixed_up_is_told(tmp_path: Path) -> None:
    made(CaFiles(tmp_path / "a"))
    made(CaFiles(tmp_path / "b"))
    (tmp_path / "a" / "below.pem").write_bytes((tmp_path / "b" / "below.pem").read_bytes())
    with pytest.raises(CaFilesError, match=r"below\.pem is not the certificate of below\.key"):
        made(CaFiles(tmp_path / "a"), "other")
    (tmp_path / "b" / "below.key").write_text("nothing")
    with pytest.raises(CaFilesError, match=r"below\.key holds no private key"):
        made(CaFiles(tmp_path / "b"), "other")


def test_leaves_of_an_earlier_run_for_other_addresses_are_not_passed_off(tmp_path: Path) -> None:
    files = CaFiles(tmp_path)
    files.server("tls", ["localhost", "127.0.0.1"], now=NOW)
    assert files.server("tls", ["127.0.0.1"], now=NOW).chain.exists()
    with pytest.raises(CaFilesError, match=r"tls\.pem is not for city\.test; delete it"):
        files.server("tls", ["localhost", "city.test"], now=NOW)
    made(files)
    with pytest.raises(CaFilesError, match=r"issuer\.pem is not for https://b\.example/x"):
        files.leaf("issuer", "title", uri="https://b.example/x", dns="b.example", now=NOW)
    (tmp_path / "tls.pem").unlink()
    later = files.server("tls", ["localhost", "city.test"], now=NOW)
    validate_chain(read_certificates(later.chain), load_anchors(files.anchor), now=NOW)


def test_a_certificate_that_is_over_is_told(tmp_path: Path) -> None:
    files = CaFiles(tmp_path)
    files.server("tls", ["localhost"], now=NOW)
    with pytest.raises(CaFilesError, match=r"tls\.pem is over"):
        files.server("tls", ["localhost"], now=NOW + 400 * 86_400)
