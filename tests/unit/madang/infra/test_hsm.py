"""Keys in a token, held to the software keys and broken on purpose; SoftHSM is the module."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute, ObjectClass

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import checker_for
from madang.infra.hsm import HsmError, HsmKeys, HsmSigner, Token, open_token
from madang.infra.keystore import Keystore
from tests.softhsm import PIN, SoftHsm

LABEL, ID = "hanbit/issuer", b"\0\1"
_numbers = count()


@pytest.fixture
def token(softhsm: SoftHsm) -> Token:
    made = softhsm.token(f"token-{next(_numbers)}")
    return Token(softhsm.module, made, PIN)


def test_a_key_in_a_token_signs_like_one_in_a_file(token: Token) -> None:
    made = token.create_p256(LABEL, ID)
    signer = HsmSigner(token, LABEL, ID, made, made.thumbprint())
    assert (signer.algorithm, signer.key_id) == ("ES256", made.thumbprint())
    for data in (b"", b"data", b"x" * 100_000):
        signature = signer.sign(data)
        assert len(signature) == 64
        assert checker_for(made).check(signature, data)
        assert not checker_for(made).check(signature, data + b".")
    assert token.public_key(LABEL, ID) == made


def test_the_key_never_leaves_the_token(token: Token) -> None:
    token.create_p256(LABEL, ID)
    (key,) = token._opened().get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
    assert key[Attribute.SENSITIVE]
    assert not key[Attribute.EXTRACTABLE]
    assert key[Attribute.NEVER_EXTRACTABLE]
    with pytest.raises(pkcs11.PKCS11Error):
        _ = key[Attribute.VALUE]


def test_keys_are_told_apart_by_label_and_id(token: Token) -> None:
    first, second = token.create_p256(LABEL, ID), token.create_p256(LABEL, b"\0\2")
    other = token.create_p256("hanbit/verifier", ID)
    assert len({first, second, other}) == 3
    for label, key_id, key in ((LABEL, ID, first), (LABEL, b"\0\2", second)):
        assert checker_for(key).check(token.sign_p256(label, key_id, b"x"), b"x")
    assert not token.exists("saebyeol/issuer", ID)
    assert not token.exists(LABEL, b"\0\3")


def test_a_key_is_never_made_twice(token: Token) -> None:
    made = token.create_p256(LABEL, ID)
    with pytest.raises(HsmError, match="there already"):
        token.create_p256(LABEL, ID)
    assert token.public_key(LABEL, ID) == made


def test_two_keys_of_one_name_are_no_key(token: Token) -> None:
    token.create_p256(LABEL, ID)
    token.create_p256("twin", ID)
    with token._opened().token.open(rw=True) as session:
        wanted = {Attribute.LABEL: "twin", Attribute.CLASS: ObjectClass.PRIVATE_KEY}
        for key in session.get_objects(wanted):
            key[Attribute.LABEL] = LABEL
    again = Token(token.module, token.label, PIN)
    again._session = token._session
    with pytest.raises(HsmError, match="2 times"):
        again.sign_p256(LABEL, ID, b"x")


def test_a_missing_key_names_the_command(token: Token) -> None:
    with pytest.raises(HsmError, match="madang prepare"):
        token.sign_p256(LABEL, ID, b"x")
    with pytest.raises(HsmError, match="madang prepare"):
        token.public_key(LABEL, ID)


def test_one_session_serves_every_call(token: Token) -> None:
    token.create_p256(LABEL, ID)
    session = token._opened()
    for _ in range(5):
        token.sign_p256(LABEL, ID, b"x")
    assert token._session is session


def closed(token: Token) -> None:
    token._opened().close()


def finalized(token: Token) -> None:
    library = pkcs11.lib(str(token.module))
    library.finalize()
    library.initialize()


@pytest.mark.parametrize("lose", [closed, finalized])
def test_a_lost_session_is_opened_again(token: Token, lose: Callable[[Token], None]) -> None:
    key = token.create_p256(LABEL, ID)
    token.sign_p256(LABEL, ID, b"before")
    session = token._session
    lose(token)
    assert checker_for(key).check(token.sign_p256(LABEL, ID, b"x"), b"x")
    assert token._session is not session


def test_a_token_that_is_gone_is_told_and_used_again_when_it_is_back(
    token: Token, softhsm: SoftHsm, tmp_path: Path
) -> None:
    key = token.create_p256(LABEL, ID)
    token.sign_p256(LABEL, ID, b"before")
    tokens = softhsm.folder / "tokens"
    away = shutil.move(tokens, tmp_path / "away")
    tokens.mkdir()
    token._opened().close()
    with pytest.raises(HsmError, match="does not answer"):
        token.sign_p256(LABEL, ID, b"x")
    tokens.rmdir()
    shutil.move(away, tokens)
    assert checker_for(key).check(token.sign_p256(LABEL, ID, b"x"), b"x")


def test_a_wrong_pin_is_tried_once(softhsm: SoftHsm) -> None:
    """A token that counts wrong ones would soon be locked for everybody."""
    made = softhsm.token(f"token-{next(_numbers)}")
    wrong = Token(softhsm.module, made, "wrong-pin")
    for told in (r"is refused \(PinIncorrect\)", "was refused before", "was refused before"):
        with pytest.raises(HsmError, match=f"{told}; MADANG_PKCS11_PIN"):
            wrong.exists(LABEL, ID)
    assert not Token(softhsm.module, made, PIN).exists(LABEL, ID)


def test_no_pin_is_told_without_asking_the_token(softhsm: SoftHsm) -> None:
    with pytest.raises(HsmError, match="is empty; MADANG_PKCS11_PIN"):
        Token(softhsm.module, "nowhere", "").exists(LABEL, ID)


def test_a_missing_module_and_a_missing_token_are_named(softhsm: SoftHsm, tmp_path: Path) -> None:
    with pytest.raises(HsmError, match="MADANG_PKCS11_MODULE"):
        Token(tmp_path / "none.so", "x", PIN).exists(LABEL, ID)
    with pytest.raises(HsmError, match=r"'nowhere'.*MADANG_PKCS11_TOKEN"):
        Token(softhsm.module, "nowhere", PIN).exists(LABEL, ID)


def test_the_pin_is_in_no_text(token: Token) -> None:
    assert PIN not in repr(token)
    assert PIN not in repr(HsmKeys(token, frozenset({"issuer"})))


def test_threads_take_turns_also_in_opening(token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second login of a process is refused, so two that open at once would fail."""
    key = token.create_p256(LABEL, ID)
    token.close()
    wrong: list[object] = []
    opened: list[int] = []
    real, together = Token._open, threading.Barrier(4)

    def slowly(self: Token) -> pkcs11.Session:
        opened.append(threading.get_ident())
        time.sleep(0.05)
        return real(self)

    monkeypatch.setattr(Token, "_open", slowly)

    def work(number: int) -> None:
        together.wait()
        for turn in range(20):
            data = f"{number} {turn}".encode()
            try:
                if not checker_for(key).check(token.sign_p256(LABEL, ID, data), data):
                    wrong.append(data)
            except (HsmError, pkcs11.PKCS11Error) as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(opened) == 1


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of Python 3.12: threads
def test_a_child_process_signs_by_a_session_of_its_own(token: Token) -> None:
    """Also when a thread of the parent held the lock while the child was made."""
    key = token.create_p256(LABEL, ID)
    with token._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a child that waits for the lock for ever is ended
            good = checker_for(key).check(token.sign_p256(LABEL, ID, b"child"), b"child")
            os._exit(0 if good else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert checker_for(key).check(token.sign_p256(LABEL, ID, b"parent"), b"parent")


def test_a_process_has_one_token_for_the_same_three(softhsm: SoftHsm) -> None:
    made = softhsm.token(f"token-{next(_numbers)}")
    first = open_token(softhsm.module, made, PIN)
    first.create_p256(LABEL, ID)
    assert open_token(softhsm.module, made, PIN) is first


def test_a_keystore_makes_the_named_purposes_in_the_token(token: Token, tmp_path: Path) -> None:
    keys = Keystore(tmp_path, "right", HsmKeys(token, frozenset({"issuer"})))
    assert not keys.exists("hanbit", "issuer")
    made = {name: keys.create_p256("hanbit", name) for name in ("issuer", "issuer.2", "verifier")}
    assert [path.name for path in tmp_path.rglob("*.key")] == ["verifier.key"]
    keys.keep_chain("hanbit", "issuer", (b"leaf", b"intermediate"))
    again = Keystore(tmp_path, "right", HsmKeys(token, frozenset({"issuer"})))
    for name, signer in made.items():
        assert again.exists("hanbit", name)
        assert again.signer("hanbit", name).public_key == signer.public_key
        assert again.signer("hanbit", name).key_id == signer.public_key.thumbprint()
    assert again.signer("hanbit", "issuer").certificate_chain == (b"leaf", b"intermediate")
    assert token.exists("hanbit/issuer", b"\0\2")


def test_a_key_that_was_a_file_before_counts_on(token: Token, tmp_path: Path) -> None:
    before = Keystore(tmp_path, "right").create_p256("hanbit", "issuer")
    keys = Keystore(tmp_path, "right", HsmKeys(token, frozenset({"issuer"})))
    assert keys.exists("hanbit", "issuer")
    assert keys.signer("hanbit", "issuer").public_key == before.public_key
    assert not token.exists("hanbit/issuer", b"\0\1")


def key_with_x_from(first: int) -> ec.EllipticCurvePublicKey:
    """Return a key whose point begins with 04 and this byte."""
    keys = (ec.derive_private_key(number, ec.SECP256R1()).public_key() for number in count(1))
    return next(key for key in keys if key.public_numbers().x >> 248 == first)


@pytest.mark.parametrize("first", [0x41, 0x42])
def test_a_point_is_read_in_each_form_that_modules_give(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: int
) -> None:
    """In an OCTET STRING, as PKCS#11 2.40 has it, and bare; a bare one may begin alike."""
    key, token = key_with_x_from(first), Token(tmp_path, "any", PIN)
    whole = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    short = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    for point in (whole, b"\x04\x41" + whole, short, b"\x04\x21" + short):
        monkeypatch.setattr(Token, "_do", lambda *_, point=point: point)
        assert token.public_key(LABEL, ID) == PublicKey.from_native(key)
    for wrong in (b"", whole[:-1], b"\x04\x42" + whole, b"\x04\x41" + whole + b"\0", whole + whole):
        monkeypatch.setattr(Token, "_do", lambda *_, wrong=wrong: wrong)
        with pytest.raises(HsmError, match="not P-256"):
            token.public_key(LABEL, ID)


@pytest.mark.parametrize("size", [0, 63, 65, 70])
def test_a_signature_of_another_size_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int
) -> None:
    """Such as DER, which some modules give for r and s."""
    monkeypatch.setattr(Token, "_do", lambda *_: bytes(size))
    with pytest.raises(HsmError, match=f"signature of {size} bytes"):
        Token(tmp_path, "any", PIN).sign_p256(LABEL, ID, b"x")
