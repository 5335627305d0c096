from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.protocol.dcql.authority import chain_authorities
from madang.core.trust.x509 import MAX_CHAIN
from tests.unit.madang.core.protocol.dcql.certificates import certificate


def test_every_certificate_of_the_chain_contributes_its_authority() -> None:
    found = chain_authorities([certificate(b"one"), certificate(None), certificate(b"two")])
    assert found == {base64url.encode(b"one"), base64url.encode(b"two")}


def test_no_more_certificates_are_read_than_a_chain_can_have() -> None:
    assert chain_authorities([b""] * (MAX_CHAIN - 1) + [certificate(b"one")])
    assert not chain_authorities([b""] * MAX_CHAIN + [certificate(b"one")])


@given(junk=st.binary(max_size=60))
def test_what_is_no_certificate_contributes_nothing(junk: bytes) -> None:
    assert chain_authorities([junk]) == frozenset()
