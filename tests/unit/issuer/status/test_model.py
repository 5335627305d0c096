import pytest

from issuer.sources.model import PersonId
from issuer.status.model import CredentialRecord, Place, RecordId, Status
from madang.core.catalog.certificate_type import IdentityLevel, TypeId


@pytest.mark.parametrize(
    ("status", "now", "holds"),
    [
        (Status.VALID, 99, True),
        (Status.VALID, 100, False),
        (Status.SUSPENDED, 99, False),
        (Status.INVALID, 99, False),
    ],
)
def test_a_copy_holds_while_it_is_valid_and_not_expired(
    status: Status, now: int, *, holds: bool
) -> None:
    record = CredentialRecord(
        id=RecordId("r"),
        batch="b",
        digest=bytes(32),
        holder="h",
        person=PersonId("p"),
        type_id=TypeId("t"),
        identity=True,
        level=IdentityLevel.HIGH,
        place=Place(1, 2),
        status=status,
        expires_at=100,
    )
    assert record.holds(now) is holds
