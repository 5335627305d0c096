"""From a wallet's pushed request to another certificate, with the issuer as it is built."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.core.protocol.oauth.authorization import read_answer
from madang.core.protocol.oauth.errors import OAuthError
from tests.authorizing import stage
from tests.signing_in import ABSTRACT, Resident, VerifierAtHand, invited


@pytest.fixture
def resident(tmp_path: Path) -> Iterator[Resident]:
    verifier = VerifierAtHand()
    with stage(tmp_path, verifier) as on:
        person = on.world.people("household")[0]
        keys: list[Signer] = [generate_p256(f"holder-{number}") for number in range(2)]
        yield Resident(on, verifier, person, keys)


def fetch(resident: Resident, token: str) -> httpx.Response:
    """Ask for the certificate with the proved keys of the wallet."""
    on = resident.on
    proofs = on.world.proofs(resident.keys, on.world.nonce())
    body = {"credential_configuration_id": ABSTRACT, "proofs": {"jwt": list(proofs)}}
    proof = on.proof("credential", access_token=token)
    headers = {"authorization": f"DPoP {token}", "dpop": proof}
    return on.world.post("credential", json=body, headers=headers)


def test_from_the_pushed_request_to_another_certificate(resident: Resident) -> None:
    on = resident.on
    page = resident.open(on.pushed(scope=ABSTRACT))
    assert "주민등록" in resident.send("GET", page).text
    resident.log_in(page)
    assert resident.verifier.asked == [{"purpose": "issuer_sign_in", "audience": on.issuer}]
    sent_back = resident.form(page, "agree").headers["location"]
    code = read_answer(sent_back, issuer=on.issuer, state="st")
    token = on.exchange(code)
    assert token.status_code == 200, token.text
    answer = fetch(resident, token.json()["access_token"])
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["credentials"]) == len(resident.keys)
    told = [code for code in on.world.codes() if code.startswith("log_in.")]
    assert told == ["log_in.known", "log_in.agreed"]


def test_keys_of_another_wallet_get_nothing(resident: Resident) -> None:
    """Whoever is talked into presenting for somebody else's log-in gives nothing away by it."""
    on = resident.on
    page = resident.open(on.pushed(scope=ABSTRACT))
    resident.log_in(page)
    code = read_answer(
        resident.form(page, "agree").headers["location"], issuer=on.issuer, state="st"
    )
    token = on.exchange(code).json()["access_token"]
    resident.keys = [generate_p256("stranger")]
    answer = fetch(resident, token)
    assert answer.status_code == 400
    assert "credentials" not in answer.json()


def test_who_does_not_agree_gives_the_wallet_a_refusal(resident: Resident) -> None:
    on = resident.on
    page = resident.open(on.pushed(scope=ABSTRACT))
    resident.log_in(page)
    sent_back = resident.form(page, "refuse").headers["location"]
    with pytest.raises(OAuthError, match="access_denied"):
        read_answer(sent_back, issuer=on.issuer, state="st")
    assert parse_qs(urlsplit(sent_back).query)["iss"] == [on.issuer]


def test_a_request_that_was_answered_is_over_for_the_browser(resident: Resident) -> None:
    page = resident.open(resident.on.pushed(scope=ABSTRACT))
    resident.form(page, "refuse")
    assert resident.send("GET", page).status_code == 404


def test_an_invitation_is_for_its_person_alone(resident: Resident) -> None:
    on = resident.on
    mine, other = resident.person, on.world.people("household")[1]
    for person, status in ((other, 409), (mine, 303)):
        state = invited(resident, person)
        page = resident.open(on.pushed(scope=ABSTRACT, issuer_state=state))
        resident.verifier.result = None
        resident.log_in(page)
        resident.send("GET", page)
        assert resident.form(page, "agree").status_code == status
        if status == 409:
            assert "another_person" in resident.send("GET", page).text


def test_nobody_agrees_in_another_browser_for_who_has_logged_in(resident: Resident) -> None:
    on = resident.on
    request_uri = on.pushed(scope=ABSTRACT)
    page = resident.open(request_uri)
    resident.log_in(page)
    assert 'id="agree"' in resident.send("GET", page).text
    elsewhere = resident.open(request_uri)
    assert 'id="agree"' not in resident.send("GET", elsewhere).text
    assert resident.form(elsewhere, "agree").status_code == 409
    assert resident.send("GET", page).status_code == 404
