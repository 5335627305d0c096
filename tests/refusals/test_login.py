"""What the resident's log-in must refuse, and that nothing can be fetched for it afterwards.

Each case holds the status, what the page says, the line in the journal, and that nothing is
entitled, recorded or approved. The application is the issuer as it is built.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from issuer.offers.store import OfferRow
from issuer.proofing.store import ProofingRow
from madang.access.authorization.store import AccessTokenRow, AuthorizationRow
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from tests.authorizing import Stage, stage
from tests.signing_in import ABSTRACT, LOOK_SECONDS, Resident, VerifierAtHand, invited
from tests.unit.issuer.world import OTHER, TENANT

_OURS = ("log_in.", "authorization.", "access.")


@dataclass
class Scene:
    """A resident at the log-in page, with a Digital ID."""

    resident: Resident
    page: str
    digital_id: str

    @property
    def on(self) -> Stage:
        return self.resident.on

    def get(self, path: str = "") -> httpx.Response:
        return self.resident.send("GET", f"{self.page}{path}")

    def form(self, action: str, **fields: str) -> httpx.Response:
        return self.resident.form(self.page, action, **fields)

    def answered(self, result: str | None, device: str = "other") -> httpx.Response:
        """Have the verifier say this of what a wallet was asked; return the page after it."""
        self.form("wallet", device=device)
        self.resident.verifier.result = result
        self.on.world.clock.advance(LOOK_SECONDS)
        return self.get()

    def result(self, **changes: object) -> str:
        return self.on.world.result(self.digital_id, **changes)


Case = Callable[[Scene], httpx.Response]


def scene_of(resident: Resident, **form: str) -> Scene:
    page = resident.open(resident.on.pushed(**{"scope": ABSTRACT, **form}))
    return Scene(resident, page, resident.on.world.digital_id(resident.person, resident.keys)[0])


@pytest.fixture
def resident(tmp_path: Path) -> Iterator[Resident]:
    verifier = VerifierAtHand()
    with stage(tmp_path, verifier) as on:
        keys: list[Signer] = [generate_p256(f"holder-{number}") for number in range(2)]
        yield Resident(on, verifier, on.world.people("household")[0], keys)


def left(on: Stage) -> tuple[object, ...]:
    """Return what would let somebody fetch something."""
    world = on.world
    with world.session() as session:
        codes = [row.code_hash for row in session.exec(select(AuthorizationRow))]
    counted = (world.count(row) for row in (OfferRow, ProofingRow, AccessTokenRow))
    return (codes, *counted, world.kept())


@contextmanager
def nothing_comes_of_it(on: Stage, *journal: str) -> Iterator[None]:
    codes, before = on.world.codes(), left(on)
    yield
    told = on.world.codes()[len(codes) :]
    assert [code for code in told if code.startswith(_OURS)] == [*journal]
    assert left(on) == before


def another_browser(scene: Scene) -> httpx.Response:
    scene.resident.browser = "x" * 22
    return scene.get()


def no_browser(scene: Scene) -> httpx.Response:
    scene.resident.browser = ""
    return scene.get()


def unknown(scene: Scene) -> httpx.Response:
    return scene.resident.send("GET", f"/{TENANT}/issuer/sign-in/unknown")


def elsewhere(scene: Scene) -> httpx.Response:
    return scene.resident.send("GET", scene.page.replace(f"/{TENANT}/", f"/{OTHER}/"))


def over(scene: Scene) -> httpx.Response:
    scene.on.world.clock.advance(scene.on.server.ground.policy.pending_seconds)
    return scene.get()


def forged(scene: Scene) -> httpx.Response:
    return scene.resident.send("POST", f"{scene.page}/agree", csrf="guessed")


def too_early(scene: Scene) -> httpx.Response:
    return scene.form("agree")


def foreign_state(scene: Scene) -> httpx.Response:
    return scene.resident.send("GET", f"/{TENANT}/issuer/upstream?state=guessed&code=c")


def nothing_said(scene: Scene) -> httpx.Response:
    return scene.resident.send("GET", f"/{TENANT}/issuer/upstream?state=guessed")


def no_provider(scene: Scene) -> httpx.Response:
    return scene.get("/provider")


def no_device(scene: Scene) -> httpx.Response:
    return scene.form("wallet", device="moon")


DOOR: dict[str, tuple[Case, int, tuple[str, ...]]] = {
    "another browser": (another_browser, 404, ("authorization.refused.other_browser",)),
    "no cookie": (no_browser, 404, ("authorization.refused.other_browser",)),
    "unknown request": (unknown, 404, ("authorization.refused.request_unknown",)),
    # In the journal of that municipality.
    "another municipality": (elsewhere, 404, ()),
    "request over": (over, 404, ("authorization.refused.request_expired",)),
    "form of another page": (forged, 403, ("access.forged_form",)),
    "agreed before the log-in": (too_early, 409, ("log_in.refused.not_known",)),
    "unknown state": (foreign_state, 404, ("authorization.refused.state_unknown",)),
    "way back without an answer": (nothing_said, 400, ("log_in.refused.callback_form",)),
    "no provider here": (no_provider, 404, ()),
    "no such device": (no_device, 404, ()),
}


@pytest.mark.parametrize("name", DOOR)
def test_what_the_door_refuses(resident: Resident, name: str) -> None:
    case, status, journal = DOOR[name]
    scene = scene_of(resident)
    with nothing_comes_of_it(resident.on, *journal):
        assert case(scene).status_code == status


def guessed(scene: Scene) -> httpx.Response:
    scene.form("wallet", device="this")
    scene.get("/return?response_code=guessed")
    return scene.get()


def away(scene: Scene) -> httpx.Response:
    scene.resident.verifier.away = True
    scene.form("wallet", device="other")
    return scene.get()


def signed_by_another(scene: Scene) -> httpx.Response:
    world = scene.on.world
    other = replace(world, authorities=type(world.authorities)(world.deps.addresses))
    return scene.answered(other.result(scene.digital_id))


PRESENTED: dict[str, tuple[Case, str, str]] = {
    "response code guessed": (guessed, "presentation_refused", "presentation_refused"),
    "verifier away": (away, "verifier_away", "verifier_away"),
    "no result": (lambda s: s.answered("no.jwt.here"), "presentation_refused", "result_form"),
    "signed by another": (signed_by_another, "presentation_refused", "result_chain"),
    "for another issuer": (
        lambda s: s.answered(s.result(issuer="https://other.example/issuer")),
        "presentation_refused",
        "result_claims",
    ),
    "of another verifier": (
        lambda s: s.answered(s.result(verifier="https://other.example/verifier")),
        "presentation_refused",
        "result_verifier",
    ),
    "too old": (
        lambda s: s.answered(s.result(issued_at=s.on.now - 9000, expires_at=s.on.now - 8000)),
        "presentation_refused",
        "result_claims",
    ),
    "not issued here": (
        lambda s: s.answered(s.result(credential_digest=bytes(32))),
        "digital_id_unknown",
        "digital_id_unknown",
    ),
    "revoked": (
        lambda s: s.on.world.set_status(s.digital_id, "invalid") and s.answered(s.result()),
        "digital_id_not_valid",
        "digital_id_not_valid",
    ),
}


@pytest.mark.parametrize("name", PRESENTED)
def test_a_presentation_that_logs_nobody_in(resident: Resident, name: str) -> None:
    case, trouble, journal = PRESENTED[name]
    scene = scene_of(resident)
    with nothing_comes_of_it(resident.on, f"log_in.refused.{journal}"):
        page = case(scene).text
        assert f'data-trouble="{trouble}"' in page
        assert 'id="agree"' not in page
    assert scene.form("agree").status_code == 409


def test_a_presentation_counts_once(resident: Resident) -> None:
    first = scene_of(resident)
    result = first.result()
    assert 'id="agree"' in first.answered(result).text
    second = Scene(resident, resident.open(resident.on.pushed(scope=ABSTRACT)), first.digital_id)
    with nothing_comes_of_it(resident.on, "log_in.refused.presentation_refused"):
        assert 'data-trouble="presentation_refused"' in second.answered(result).text


def test_an_offer_to_somebody_else(resident: Resident) -> None:
    state = invited(resident, resident.on.world.people("household")[1])
    scene = scene_of(resident, issuer_state=state)
    with nothing_comes_of_it(resident.on, "log_in.refused.another_person"):
        assert 'data-trouble="another_person"' in scene.answered(scene.result()).text


def test_a_digital_id_for_presenting_one(resident: Resident) -> None:
    scene = scene_of(resident, scope="digital_id")
    assert 'data-type="digital_id"' in scene.answered(scene.result()).text
    with nothing_comes_of_it(resident.on, "log_in.refused.nothing_to_give"):
        page = scene.get().text
        assert 'id="agree"' not in page
        assert scene.form("agree").status_code == 409


def test_one_way_too_many(resident: Resident) -> None:
    scene = scene_of(resident)
    for _ in range(resident.on.world.settings.log_in_tries):
        scene.form("wallet", device="other")
        scene.form("choose")
    with nothing_comes_of_it(resident.on, "log_in.refused.too_many_tries"):
        assert scene.form("choose").status_code == 303
        token = scene.get().text.partition('name="csrf" value="')[2].partition('"')[0]
        more = {"csrf": token, "device": "other"}
        assert resident.send("POST", f"{scene.page}/wallet", **more).status_code == 429


@pytest.mark.parametrize("end", ["agree", "refuse"])
def test_a_request_that_was_answered(resident: Resident, end: str) -> None:
    scene = scene_of(resident)
    scene.answered(scene.result())
    assert scene.form(end).status_code == 303
    with nothing_comes_of_it(resident.on, "authorization.refused.request_used"):
        assert scene.get().status_code == 404
