from collections.abc import Sequence

from issuer.export import export_lines
from issuer.status.store import CredentialRow
from madang.core.encoding import base64url, strict_json
from madang.core.keys.signing import Signer
from tests.unit.issuer.world import DAY, OTHER, TENANT, World, digest_of


def test_a_line_for_each_entry_and_nothing_about_a_person(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    person = world.people()[0]
    copies = world.digital_id(person, holder_keys)
    world.client.get(f"/{TENANT}/issuer/statuslists/1")
    with world.session() as session:
        lines = list(export_lines(session, TENANT))
        rows = [strict_json.loads(line) for line in lines]
        records = {row["reference"]: session.get(CredentialRow, row["reference"]) for row in rows}
        assert list(export_lines(session, OTHER)) == []
    assert all(line.endswith("\n") for line in lines)
    credentials = [row for row in rows if row["kind"] == "credential"]
    assert len(rows) == len(copies) + 2  # the list, and its second signature
    assert {row["digest"] for row in credentials} == {
        base64url.encode(digest_of(copy)) for copy in copies
    }
    for row in credentials:
        record = records[row["reference"]]
        assert record is not None
        assert base64url.encode(record.digest) == row["digest"]
        assert row.keys() == {"kind", "digest", "salt", "index", "reference"}
    told = world.register.record(TENANT, person, DAY)["person"]
    assert not any(str(value) in "".join(lines) for value in (person, told["name"]))
