"""The token endpoint stays lean: one transaction, few statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from madang.core.protocol.oauth.names import PRE_AUTHORIZED_CODE_GRANT
from tests.authorizing import Stage, stage


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as opened:
        yield opened


@contextmanager
def statements(on: Stage, words: int | None = 1) -> Iterator[list[str]]:
    """Collect the statements of the block by their first words, None for all, and commits."""
    seen: list[str] = []
    engine = on.world.deps.database.engine

    connection: Any = engine.raw_connection()  # the only one of a database in memory
    connection.driver_connection.set_trace_callback(
        lambda sql: seen.append(" ".join(sql.split()[:words]))
    )
    yield seen
    connection.driver_connection.set_trace_callback(None)
    connection.close()


def test_a_pre_authorized_code_takes_one_commit_and_few_statements(on: Stage) -> None:
    made = on.world.offer(on.world.people()[0])
    form = {
        "grant_type": PRE_AUTHORIZED_CODE_GRANT,
        "pre-authorized_code": on.world.code_of(made["offer_uri"]),
        "tx_code": made["tx_code"],
    }
    with statements(on) as seen:
        assert on.world.post("token", data=form).status_code == 200
    # The offer is found and kept in its new state, its reference withdrawn, the token kept.
    assert seen == ["BEGIN", "SELECT", "INSERT", "DELETE", "INSERT", "COMMIT"]


def test_a_code_takes_one_commit(on: Stage) -> None:
    code = on.code()
    with statements(on) as seen:
        assert on.exchange(code).status_code == 200
    # Two ids are taken, the request is found and changed, two tokens are kept.
    assert seen == ["BEGIN", *["INSERT"] * 2, "SELECT", "UPDATE", *["INSERT"] * 2, "COMMIT"]


def test_a_code_that_is_used_again_has_nobody_else_s_tokens_looked_through(on: Stage) -> None:
    code = on.code()
    on.exchange(code)
    with statements(on, None) as seen:
        assert on.exchange(code).json()["error"] == "invalid_grant"
    voiding = [each for each in seen if each.startswith("DELETE")]
    assert len(voiding) == 2
    with on.world.session() as session:
        for each in voiding:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {each}").all()
            assert all("USING INDEX" in str(row) for row in plan)


def test_nonces_and_challenges_take_nothing(on: Stage) -> None:
    with statements(on) as seen:
        assert on.world.post("challenge").status_code == 200
    assert seen == []


def test_a_request_is_pushed_in_one_commit(on: Stage) -> None:
    proof = on.proof("par")
    with statements(on) as seen:
        assert on.push(headers={"dpop": proof}).status_code == 201
    assert seen == ["BEGIN", *["INSERT"] * 3, "COMMIT"]
