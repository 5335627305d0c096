"""Whose mdocs are trusted: our attesters by name, others by the profile of ISO/IEC 18013-5."""

import pytest
from cryptography import x509

from madang.core.formats.mdoc.verdict import Failure
from madang.core.formats.mdoc.verify import TrustedKey
from madang.core.keys.jwk import PublicKey
from madang.core.trust import mdoc_certificates
from madang.core.trust.mdoc_certificates import (
    DOCUMENT_SIGNER,
    READER,
    attester_of,
    profile_failures,
    trust_attesters,
    trust_document_signers,
)
from madang.core.trust.model import Attester
from madang.core.trust.registry import TrustError
from madang.core.trust.x509 import ChainError, validate, validate_chain
from madang.infra import ca
from tests.unit.madang.core.trust.authorities import (
    DAY,
    KEYS,
    NOW,
    ROOT,
    ROOT_NAME,
    SIGNER_NAME,
    UNBOUNDED,
    made,
    name,
    signer,
)

MDL = "org.iso.18013.5.1.mDL"
ISSUER = "https://id.hanbit.example/hanbit/issuer"


def test_a_document_signer_is_trusted() -> None:
    trust = trust_document_signers({MDL: (ROOT,)}, now=NOW)
    found = trust(MDL, (signer(),))
    assert found == TrustedKey(
        PublicKey.from_native(KEYS["signer"].public_key()), NOW - DAY, NOW + 456 * DAY
    )
    assert profile_failures((signer(),), (ROOT,)) == ()


def test_a_renewed_root_does_not_end_what_was_signed_before_it() -> None:
    """The certificate in the header has to be older than the signature (9.3.1), not its root."""
    renewed = made(ROOT_NAME, ROOT_NAME, "root", "root", ca_path=0, start=NOW + DAY, days=10)
    found = trust_document_signers({MDL: (renewed,)}, now=NOW + 2 * DAY)(MDL, (signer(),))
    assert isinstance(found, TrustedKey)
    assert (found.not_before, found.not_after) == (NOW - DAY, NOW + 456 * DAY)


def test_what_is_remembered_decides_nothing_else() -> None:
    """A chain is read once, but time, roots and profile are held against it on every call."""
    chain, long_lived = (signer(),), (signer(days=458),)
    for _ in range(2):
        good = trust_document_signers({MDL: (ROOT,)}, now=NOW)(MDL, chain)
        assert isinstance(good, TrustedKey)
        for roots, now, sent, code in (
            ((ROOT,), NOW + 457 * DAY, chain, "certificate_expired"),
            ((ROOT,), NOW - 2 * DAY, chain, "certificate_not_yet_valid"),
            ((), NOW, chain, "unknown_anchor"),
            ((DEFECTS["root_path_length"][1],), NOW, chain, "root_path_length"),
            ((ROOT,), NOW, long_lived, "signer_validity"),
        ):
            failure = trust_document_signers({MDL: roots}, now=now)(MDL, sent)
            assert isinstance(failure, Failure)
            assert failure.code == code


def test_a_profile_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = (signer(name(c="KR", cn="read once")),)
    trust = trust_document_signers({MDL: (ROOT,)}, now=NOW)
    first = trust(MDL, chain)
    monkeypatch.setattr(mdoc_certificates, "signer_failures", None)
    assert trust(MDL, chain) == first


STATED = made(name(c="KR", s="KR-11", cn="root"), ROOT_NAME, "root", "root", ca_path=0)
DEFECTS: dict[str, tuple[bytes, bytes]] = {
    "purpose": (signer(purpose=READER), ROOT),
    "signer_validity": (signer(days=458), ROOT),
    "signer_extension": (signer(critical=False), ROOT),
    "signer_country": (signer(name(c="US", cn="signer")), ROOT),
    "signer_name": (signer(name(c="KR")), ROOT),
    "unknown_anchor": (signer(), made(ROOT_NAME, ROOT_NAME, "other", "other", ca_path=0)),
    "root_path_length": (signer(), made(ROOT_NAME, ROOT_NAME, "root", "root", ca_path=1)),
}


@pytest.mark.parametrize("code", DEFECTS)
def test_each_defect_has_its_code(code: str) -> None:
    leaf, root = DEFECTS[code]
    failure = trust_document_signers({MDL: (root,)}, now=NOW)(MDL, (leaf,))
    assert isinstance(failure, Failure)
    assert failure.code == code


def test_a_root_without_a_path_length() -> None:
    root = made(ROOT_NAME, ROOT_NAME, "root", "root", ca_path=UNBOUNDED)
    assert [each.code for each in profile_failures((signer(),), (root,))] == ["root_path_length"]


def test_a_signer_of_no_purpose() -> None:
    bare = made(SIGNER_NAME, ROOT_NAME, "signer", "root")
    failure = trust_document_signers({MDL: (ROOT,)}, now=NOW)(MDL, (bare,))
    assert isinstance(failure, Failure)
    assert failure.code == "signer_extension"


def test_country_and_state_of_the_root() -> None:
    plain = name(cn="root")
    bare = made(plain, plain, "root", "root", ca_path=0)
    leaf = made(SIGNER_NAME, plain, "signer", "root", purpose=DOCUMENT_SIGNER)
    assert [each.code for each in profile_failures((leaf,), (bare,))] == ["root_country"]
    states = name(c="KR", s="KR-11", cn="root")
    stated = made(states, states, "root", "root", ca_path=0)
    for subject, wanted in (
        (SIGNER_NAME, ["signer_state"]),
        (name(c="KR", s="KR-26", cn="signer"), ["signer_state"]),
        (name(c="KR", s="KR-11", cn="signer"), []),
    ):
        leaf = made(subject, states, "signer", "root", purpose=DOCUMENT_SIGNER)
        assert [each.code for each in profile_failures((leaf,), (stated,))] == wanted


def test_no_authority_between_root_and_signer() -> None:
    between = made(name(c="KR", cn="ca"), ROOT_NAME, "ca", "root", ca_path=0)
    codes = [each.code for each in profile_failures((signer(), between), (ROOT,))]
    assert codes == ["signer_below_root"]


def test_no_roots_trust_nobody() -> None:
    for roots in ({}, {MDL: ()}, {"another": (ROOT,)}):
        failure = trust_document_signers(roots, now=NOW)(MDL, (signer(),))
        assert isinstance(failure, Failure)
        assert failure.code == "unknown_anchor"
    failure = trust_document_signers({MDL: (ROOT,)}, now=NOW)(MDL, ())
    assert isinstance(failure, Failure)
    assert failure.code == "chain_empty"


def test_a_purpose_is_held_against_authorities_that_have_one() -> None:
    """A critical purpose that nobody asked for stays what is not understood."""
    open_root = made(ROOT_NAME, ROOT_NAME, "root", "root", ca_path=1)
    for purpose, good in ((DOCUMENT_SIGNER, True), (READER, False), (None, True)):
        subject = name(c="KR", cn="ca")
        between = made(subject, ROOT_NAME, "ca", "root", ca_path=0, purpose=purpose)
        leaf = made(SIGNER_NAME, subject, "signer", "ca", purpose=DOCUMENT_SIGNER)
        chain = (leaf, between)
        if good:
            assert validate(chain, (open_root,), now=NOW, purpose=DOCUMENT_SIGNER).key
        else:
            with pytest.raises(ChainError) as refused:
                validate(chain, (open_root,), now=NOW, purpose=DOCUMENT_SIGNER)
            assert refused.value.code == "purpose"
        with pytest.raises(ChainError) as refused:
            validate_chain(chain, (open_root,), now=NOW)
        assert refused.value.code == "critical_extension"


def municipal(uri: str = ISSUER) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return a chain and anchors as a municipality has them."""
    root = ca.root(KEYS["root"], "root", now=NOW)
    between = ca.intermediate(root, KEYS["ca"], "ca", now=NOW)
    leaf = ca.leaf(
        between, KEYS["signer"].public_key(), "issuer", uri=uri, dns="id.hanbit.example", now=NOW
    )
    return (leaf, between.der), (root.der,)


def test_an_attester_is_found_by_its_name() -> None:
    chain, anchors = municipal()
    own, other = Attester(ISSUER, "hanbit", anchors), Attester(f"{ISSUER}/x", "saebyeol", ())
    attester, key = attester_of((other, own), chain, now=NOW)
    assert attester is own
    assert key.key == PublicKey.from_native(KEYS["signer"].public_key())
    assert key.not_before is not None
    assert key.not_before <= NOW
    trust = trust_attesters({"a.b.1": (own,)}, now=NOW)
    assert trust("a.b.1", chain) == key


def test_an_attester_s_certificate_may_be_that_of_a_document_signer() -> None:
    """As annex B has it, so that others accept its mdocs too; one for other purposes is not."""
    root = ca.root(KEYS["root"], "root", now=NOW)
    for purpose, wanted in ((DOCUMENT_SIGNER, TrustedKey), (READER, Failure)):
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(ISSUER)])
        leaf = made(
            SIGNER_NAME, root.certificate.subject, "signer", "root", purpose=purpose, names=names
        )
        trust = trust_attesters({"a": (Attester(ISSUER, "hanbit", (root.der,)),)}, now=NOW)
        found = trust("a", (leaf,))
        assert isinstance(found, wanted)
        assert not isinstance(found, Failure) or found.code == "purpose"


def test_others_are_no_attesters() -> None:
    chain, anchors = municipal()
    stranger, _ = municipal("https://stranger.example/issuer")
    own = Attester(ISSUER, "hanbit", anchors)
    trust = trust_attesters({"a.b.1": (own,)}, now=NOW)
    cases = [
        ("a.b.2", chain, "issuer_not_accredited"),
        ("a.b.1", stranger, "issuer_not_accredited"),
        ("a.b.1", (), "issuer_not_accredited"),
        ("a.b.1", chain[:1], "unknown_anchor"),
        ("a.b.1", (b"junk",), "chain_malformed"),
    ]
    for doc_type, sent, code in cases:
        failure = trust(doc_type, sent)
        assert isinstance(failure, Failure)
        assert failure.code == code
    with pytest.raises(TrustError):
        attester_of((), chain, now=NOW)


def test_a_chain_out_of_its_time() -> None:
    chain, anchors = municipal()
    late = trust_attesters({"a": (Attester(ISSUER, "hanbit", anchors),)}, now=NOW + 4000 * DAY)
    failure = late("a", chain)
    assert isinstance(failure, Failure)
    assert failure.code == "certificate_expired"
