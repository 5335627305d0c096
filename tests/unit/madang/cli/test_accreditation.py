"""`madang accreditation` as officers type it, over a real chain."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from madang.cli.governance import GovernanceError, tenant_word
from madang.cli.main import app
from madang.core.trust.accreditation import parse_document
from tests.unit.ledger_node.accreditation.city import (
    CATALOG,
    DAY,
    OTHER,
    TENANT,
    RegistryCity,
    registry_city,
)
from tests.unit.ledger_node.accreditation.conftest import port, prepared, state

__all__ = ["port", "prepared", "state"]
pytestmark = pytest.mark.xdist_group("chain")
Typed = Callable[..., str]


def typed(*arguments: str, answer: str = "", code: int = 0) -> str:
    result: Result = CliRunner().invoke(app, ["accreditation", *arguments], input=answer)
    assert result.exit_code == code, result.output
    return str(result.output)


async def at_desk(*arguments: str, answer: str = "", code: int = 0) -> str:
    return await asyncio.to_thread(typed, *arguments, answer=answer, code=code)


@pytest.fixture
def city_of(state: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, int]:
    monkeypatch.setenv("MADANG_STATE_DIR", str(state))
    monkeypatch.setenv("MADANG_CATALOG_DIR", str(CATALOG))
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "open sesame")
    monkeypatch.setenv("MADANG_CHAIN_PORT", str(port))
    return state, port


def test_an_officer_suspends_and_two_municipalities_resume(city_of: tuple[Path, int]) -> None:
    async def story(city: RegistryCity) -> None:
        told = await at_desk("list")
        assert "2 members, 2 of them decide:" in told
        line = next(each for each in told.splitlines() if city.identifier("issuer") in each)
        record = line.split()[0]
        await at_desk("suspend", record, "--tenant", TENANT, answer="n\n", code=1)
        assert "SUSPENDED" not in await at_desk("list")
        assert "SUSPENDED" in await at_desk("suspend", record, "--tenant", TENANT, "--yes")
        refused = await at_desk("suspend", record, "--tenant", OTHER, "--yes", code=1)
        assert "the contract refuses it" in refused
        made = await at_desk("propose", "resume-record", "--tenant", TENANT, "--record", record)
        assert made.startswith("proposal 1: resume-record")
        assert "1 of 2 approvals" in made
        assert "can be executed from" in await at_desk("approve", "1", "--tenant", OTHER)
        assert "too early" in await at_desk("execute", "1", "--tenant", OTHER, code=1)
        assert "1 of 2 approvals" in await at_desk("withdraw", "1", "--tenant", OTHER)
        await at_desk("approve", "1", "--tenant", OTHER)
        await city.travel(DAY + 60)
        assert "executed" in await at_desk("execute", "1", "--tenant", TENANT)
        found = json.loads(await at_desk("list", "--json"))
        assert not any(each["suspended"] for each in found["records"])
        assert found["proposals"][0]["executed"] > 0

    _tell(city_of, story)


def test_a_document_of_the_catalogue_is_proposed_as_it_is(
    city_of: tuple[Path, int], tmp_path: Path
) -> None:
    async def story(city: RegistryCity) -> None:
        told = await at_desk("document", "issuer", "--tenant", TENANT)
        document = parse_document(told.encode())
        assert document.id == city.identifier("issuer")
        file = tmp_path / "issuer.json"
        file.write_text(told.replace('"valid_from":179', '"valid_from":180'))
        proposal = ("propose", "add-record", "--tenant", TENANT, "--document", str(file))
        made = json.loads(await at_desk(*proposal, "--json"))
        assert (made["action"], int(made["target"], 16)) == ("add-record", 1)
        file.write_text(told + " ")
        assert "no reader would take" in await at_desk(*proposal, code=1)
        refused = await at_desk("propose", "abolish", "--tenant", TENANT, code=1)
        assert "expected one of add-record" in refused
        assert "no bank" in await at_desk("document", "bank", "--tenant", TENANT, code=1)
        assert "no municipality" in await at_desk("suspend", "00", "--tenant", "atlantis", code=1)

    _tell(city_of, story)


def _tell(where: tuple[Path, int], story: Callable[[RegistryCity], object]) -> None:
    async def run() -> None:
        async with registry_city(*where) as city:
            await story(city)  # type: ignore[misc]  # a coroutine

    asyncio.run(run())


def test_without_a_record_of_the_contracts_it_says_what_to_do(
    city_of: tuple[Path, int],
) -> None:
    assert "deploy the contracts first" in typed("list", code=1)


def test_a_tenant_that_the_contract_cannot_name() -> None:
    assert tenant_word("hanbit") == b"hanbit".ljust(32, b"\0")
    for wrong in ("", "한빛", "h" * 33):
        with pytest.raises(GovernanceError):
            tenant_word(wrong)
