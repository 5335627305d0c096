"""The person's policy for verifiers, read from settings and files."""

from pathlib import Path
from typing import Any

import pytest

from madang.core.protocol.oid4vp.client_authentication import Standing
from mobile_stub.errors import WalletError
from mobile_stub.presenting.notices import notice
from mobile_stub.presenting.policy import trust_of
from mobile_stub.settings import Settings, TransactionTypeSetting


def test_without_settings_nobody_foreign_may_ask() -> None:
    trust = trust_of(Settings())
    assert (trust.anchors, trust.clients.clients, trust.transaction_types) == ((), {}, {})
    assert not any((trust.unsigned, trust.named, trust.any_signature, trust.reuse))


def test_types_of_transactions_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    told = '{"payment": {"members": {"payee": "string", "cents": "integer"}}}'
    monkeypatch.setenv("WALLET_TRANSACTION_TYPES", told)
    (found,) = trust_of(Settings()).transaction_types.values()
    assert (found.name, dict(found.members)) == ("payment", {"payee": str, "cents": int})
    assert TransactionTypeSetting(members={}).element is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"clients": "none"}, "clients_unreadable"), ({"clients": "bad"}, "clients_unreadable"),
     ({"request_anchors": "bad"}, "anchors_unreadable")],
)  # fmt: skip
def test_a_file_that_cannot_be_used_keeps_the_wallet_closed(
    changes: dict[str, Any], code: str, tmp_path: Path
) -> None:
    (tmp_path / "bad").write_bytes(b"[]")
    settings = Settings(**{name: tmp_path / file for name, file in changes.items()})
    with pytest.raises(WalletError) as refused:
        trust_of(settings)
    assert refused.value.code == code


def test_every_standing_but_that_of_the_registry_is_told_in_three_languages() -> None:
    assert notice("registered") == {}
    for standing in Standing:
        assert notice(standing).keys() == {"ko", "en", "ja"}
