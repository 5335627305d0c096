import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.dcql.model import parse_query
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.registration_check import ANY_TYPE, asked
from madang.core.protocol.oid4vp.verifier_info import Attestation, Registration, registration_of

TEXT = st.text(min_size=1, max_size=20)


@given(TEXT, TEXT, st.dictionaries(TEXT, TEXT, min_size=1, max_size=4))
def test_a_registration_reads_back_beside_other_attestations(
    verifier: str, purpose: str, texts: dict[str, str]
) -> None:
    use = Registration(verifier, purpose, texts)
    other = Attestation(format="registration_cert", data="e30.e30.e30")
    assert registration_of((other, use.attestation())) == use


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["sub", "purpose", "lang", "value"]), inner)
        ),
    )
)
def test_any_data_is_a_registration_or_the_one_error(data: object) -> None:
    attestation = Attestation(format="madang-registered-purpose", data=data)  # type: ignore[arg-type]
    with pytest.raises(VpError) as refused:
        registration_of((attestation,))
    assert refused.value.reason == "purpose_malformed"
    assert refused.value.reply_to is None


def test_a_text_without_an_end_is_refused() -> None:
    use = Registration("v", "p", {"en": "x"}).attestation().to_json()
    data = {**use["data"], "purpose": [{"lang": "en", "value": "x" * 4001}]}  # type: ignore[dict-item]
    with pytest.raises(VpError):
        registration_of((Attestation(format="madang-registered-purpose", data=data),))


def test_what_a_query_asks_is_gathered_by_type() -> None:
    query = {
        "credentials": [
            {
                "id": "a",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ["x", "y"]},
                "claims": [{"path": ["rent"]}],
            },
            {
                "id": "b",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ["x"]},
                "claims": [{"path": ["a", None]}],
            },
            {"id": "c", "format": "mso_mdoc", "meta": {"doctype_value": "d"}},
            {"id": "e", "format": "jwt_vc_json", "meta": {}},
        ]
    }
    assert asked(parse_query(query)) == {
        "x": {("rent",), ("a", None)},
        "y": {("rent",)},
        "d": set(),
        ANY_TYPE: set(),
    }
