"""Whoever holds certificates as mdocs alone goes the whole way: counter, rule, and consent."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from issuer.sources.synthetic.demonstration import shortfalls
from madang.access.service_token import Call, make
from madang.cli.city import CityPlan
from madang.cli.walk.path import CITY
from madang.cli.walk.people import Counter, Resident
from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.infra.clock import SystemClock
from madang.infra.setup import keystore
from mobile_stub.presenting.model import Decision
from mobile_stub.wallet import Wallet
from tests.e2e.one_process import CERTIFICATES, Town, town

pytestmark = pytest.mark.xdist_group("city")

PORTS = 16
TYPES = {"consent": {"members": {"text": "string"}, "element": ["example.consent", "hashes"]}}
AUTHORIZED = {"type": "consent", "text": "I agree.", "credential_ids": ["digital_id-mdoc"]}


@dataclass
class Story:
    """What happened, for the tests to look at.

    Attributes:
        shown: by errand the preview that the person agreed to.
        decided: the decision as the agency keeps it.
        released: what an agency's program was told.
    """

    shown: dict[str, Any] = field(default_factory=dict)
    decided: dict[str, Any] = field(default_factory=dict)
    released: dict[str, Any] = field(default_factory=dict)


async def _drop_sd_jwts(wallet: Wallet, town: Town) -> None:
    """Delete every SD-JWT VC of a type that the wallet has as an mdoc too."""
    types = town.plan.catalogue.types.values()
    both = [f"/vct/{kind.id}/" for kind in types if MSO_MDOC in kind.formats]
    for copy in wallet.vault.copies():
        if copy.format == SD_JWT_VC and any(each in copy.type for each in both):
            await wallet.delete(copy.digest)


async def _issue(story: Story, here: Town, resident: Resident, wallet: Wallet) -> None:
    counter: Counter = await here.identify(resident)
    await _drop_sd_jwts(wallet, here)
    scan = await resident.scan(await counter.ask_for_digital_id())
    story.shown["counter"] = scan["preview"]
    await resident.agree(scan["id"])
    await counter.wait_for_digital_id()
    picture, code = await counter.issue(CERTIFICATES)
    await resident.accept((await resident.scan(picture))["id"], code)
    await _drop_sd_jwts(wallet, here)


async def _authorize(story: Story, here: Town, wallet: Wallet) -> None:
    """Have an agency's program ask for the identity and a consent."""
    base = here.plan.addresses.identifier(CITY, "verifier")

    async def call(method: str, url: str, content: bytes = b"") -> dict[str, Any]:
        token = make(
            keystore(here.plan.settings).signer(CITY, "service-counter"),
            Call(base, method, urlsplit(url).path, content),
            issuer=here.plan.addresses.identifier(CITY, "counter"),
            actor="agency-1",
            roles=("agency",),
            now=SystemClock().now(),
        )
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        answer = await here.client.request(method, url, content=content, headers=headers)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def agree(preview: Mapping[str, Any]) -> Decision:
        story.shown["agency"] = preview
        return Decision(agree=True)

    wish = {"purpose": "counter_identification", "transaction_data": [AUTHORIZED]}
    asked = await call("POST", f"{base}/api/requests", json.dumps(wish).encode())
    await wallet.present(asked["request_uri"], agree)
    story.released = await call("GET", f"{base}/api/requests/{asked['request_id']}")


async def _happen(story: Story, plan: CityPlan, types: Path) -> None:
    async with town(plan, types) as here:
        region = plan.catalogue.tenants.get(CITY).region_code
        person = next(
            each
            for each in here.register.residents(CITY)
            if not shortfalls(here.record(each.id), region)
        )
        resident = await here.equip(0, person, transaction_types=TYPES)
        wallet, _ = here.wallets[resident.address]
        here.walk.residents = {"yes": resident}
        await _issue(story, here, resident, wallet)
        await _authorize(story, here, wallet)
        story.decided = await here.decide("yes", "yes")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], int]) -> Story:
    """Let everything happen once."""
    folder, found = tmp_path_factory.mktemp("town"), Story()
    types = folder / "types.json"
    types.write_text(json.dumps(TYPES))
    asyncio.run(_happen(found, CityPlan(folder / "state", free_ports(PORTS)), types))
    return found


def test_the_counter_knows_the_person_by_the_mdoc(story: Story) -> None:
    shown = story.shown["counter"]
    assert [*shown["credentials"]] == ["digital_id-mdoc"]
    assert shown["missing"] == {}, "the other format is not missed"


def test_the_rule_decides_by_what_mdocs_say(story: Story) -> None:
    assert story.decided["outcome"] == "yes"
    mdocs = {"identity-mdoc", "residence-mdoc"}
    assert mdocs < {*story.decided["asked"]}
    assert not {"identity", "residence"} & {*story.decided["asked"]}


def test_a_device_authorizes_by_what_the_issuer_allowed(story: Story) -> None:
    assert [each["text"] for each in story.shown["agency"]["transactions"]] == ["I agree."]
    assert story.released["state"] == "answered"
    assert story.released["reasons"] == []
    (proved,) = story.released["result"]["credentials"]
    assert (proved["format"], proved["type"]) == (MSO_MDOC, "digital_id")
