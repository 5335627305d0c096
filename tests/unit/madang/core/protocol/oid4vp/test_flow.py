"""Wallet and verifier together, bytes only between them."""

from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.present import present
from madang.core.formats.sd_jwt.verify import process
from madang.core.protocol.dcql.credential import Credential
from madang.core.protocol.dcql.match import HeldCredential, match
from madang.core.protocol.oid4vp.request_check import verify_request
from madang.core.protocol.oid4vp.request_link import RequestLink, parse_request_link
from madang.core.protocol.oid4vp.request_signing import sign_request
from madang.core.protocol.oid4vp.response import (
    PostedAnswer,
    answer_form,
    open_answer,
    parse_posted,
)
from madang.core.protocol.oid4vp.verification import conclude, examine
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from tests.unit.madang.core.protocol.oid4vp.city import NOW, VCT, City, both, private_jwks


def held(city: City, name: str) -> tuple[HeldCredential, str]:
    text = city.credential(name)
    claims = process(parse(text))
    credential = Credential("dc+sd-jwt", frozenset([VCT[name]]), claims, holder_bound=True)
    return HeldCredential(name, credential), text


def answer(city: City, compact: str, link: RequestLink) -> bytes:
    """Do what a wallet does between scanning the link and posting the answer."""
    verified = verify_request(
        compact, client_id=link.client_id, policy=WalletPolicy((city.root,), NOW)
    )
    wallet = [held(city, name) for name in VCT]
    texts = {item.handle: text for item, text in wallet}
    selection = match(verified.request.dcql_query, [item for item, _ in wallet])
    vp_token = {
        query_id: [
            present(
                texts[candidate.handle],
                candidate.paths,
                holder=city.holder,
                audience=verified.request.client_id,
                nonce=verified.request.nonce,
                issued_at=NOW,
            )
        ]
        for query_id, candidate in selection.answer().items()
    }
    return answer_form(verified.request, vp_token).encode()


def test_what_was_asked_arrives_and_nothing_else(city: City) -> None:
    query = both()
    request = city.request(query)
    link = RequestLink(str(city.client_id), "https://mapo.example/mapo/verifier/request/1")
    body = answer(city, sign_request(request, city.verifier), parse_request_link(link.to_uri()))
    posted = parse_posted(body)
    assert isinstance(posted, PostedAnswer)
    found = open_answer(posted, private_jwks())
    verdict = conclude(examine(found, city.asked(query), city.policy), city.statuses("id", "lease"))
    assert verdict.failures == ()
    assert {item.query_id: item.claims for item in verdict.credentials} == {
        "id": {"name": "Kim Mina"},
        "lease": {"rent": 480000},
    }
    assert all("birth" not in str(parse(text).disclosures) for text in found.vp_token["id"])
