import pytest

from madang.core.catalog import metadata
from madang.core.encoding import strict_json
from tests.unit.issuer.world import OTHER, TENANT, World


def test_every_type_is_described_at_its_vct(world: World) -> None:
    for type_id, kind in world.deps.catalogue.types.items():
        vct = world.deps.catalogue.vct(world.deps.addresses, type_id)
        answer = world.client.get(vct.removeprefix("https://id.hanbit.example"))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.content == metadata.encode(kind, vct)
        assert strict_json.loads(answer.content)["vct"] == vct


@pytest.mark.parametrize(
    "path",
    [
        f"/{TENANT}/issuer/vct/digital_id/2",
        f"/{TENANT}/issuer/vct/digital_id/01",
        f"/{TENANT}/issuer/vct/passport/1",
        f"/{OTHER}/issuer/vct/digital_id/1",
        "/nowhere/issuer/vct/digital_id/1",
    ],
)
def test_what_is_not_described_is_not_there(world: World, path: str) -> None:
    answer = world.client.get(path)
    assert (answer.status_code, answer.json()["title"]) == (404, "not_found")


def test_the_counter_learns_which_types_it_may_offer(world: World) -> None:
    types = world.call("GET", "types").json()["types"]
    by_id = {each["id"]: each for each in types}
    assert by_id.keys() == world.deps.catalogue.types.keys()
    assert by_id["digital_id"]["requires_digital_id"] is False
    assert by_id["lease"]["requires_digital_id"] is True
    assert set(by_id["lease"]["names"]) >= {"ko", "en", "ja"}
