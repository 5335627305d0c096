"""What status lists say, and that nothing counts without one that can be relied upon."""

import zlib
from collections.abc import Callable

import pytest

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from tests.unit.verifier.world import DAY, NOW, TENANT, Asked, City

Publish = Callable[[City], None]


def answered(city: City, *, index: int = 7) -> tuple[int, list[str]]:
    """Present a Digital ID; return the HTTP status and the failures that the counter sees."""
    asked = city.ask_identity()
    credential = city.credential("digital_id", index=index)
    answer = asked.answer({"digital_id": [asked.show("digital_id", credential)]})
    return answer.status_code, city.state(asked)["failures"]


def raw_list(city: City, value: object, **header: object) -> None:
    """Publish a list whose status_list member is anything, signed by the issuer."""
    signer = city.land.keys.signer(TENANT, "issuer")
    payload = {"sub": city.list_uri, "iat": NOW, "exp": NOW + DAY, "status_list": value}
    said = {"typ": "statuslist+jwt", "x5c": jws.encode_chain(signer.certificate_chain), **header}
    compact = jws.sign(strict_json.dumps(payload).encode(), said, signer)
    city.web.published[city.list_uri] = compact.encode()


def unreachable(city: City) -> None:
    city.web.published.clear()


def gone(city: City) -> None:
    city.web.status = 410


def too_large(city: City) -> None:
    city.web.published[city.list_uri] = b"e" * (city.settings.status_list_bytes + 1)


def bomb(city: City) -> None:
    packed = zlib.compress(bytes(city.settings.status_list_bytes * 2), 9)
    raw_list(city, {"bits": 2, "lst": base64url.encode(packed)})


def altered(city: City) -> None:
    head, body, signature = city.web.published[city.list_uri].decode().split(".")
    raw = bytearray(base64url.decode(signature))
    raw[0] ^= 1
    changed = f"{head}.{body}.{base64url.encode(bytes(raw))}"
    city.web.published[city.list_uri] = changed.encode()


CASES: dict[str, tuple[Publish, str]] = {
    "unreachable": (unreachable, "status_list_unreachable"),
    "gone": (gone, "status_list_unreachable"),
    "too large": (too_large, "status_list_too_large"),
    "zip bomb": (bomb, "status_list_too_large"),
    "expired": (
        lambda city: city.publish_list(issued_at=NOW - 2 * DAY, expires_at=NOW - 1),
        "status_list_expired",
    ),
    "wrong sub": (
        lambda city: city.publish_list(city.list_uri, uri="https://id.hanbit.example/other"),
        "status_list_subject",
    ),
    "wrong typ": (
        lambda city: raw_list(city, city.statuses.pack().to_json(), typ="JWT"),
        "status_list_type",
    ),
    "altered signature": (altered, "status_list_signature"),
    "signed by a stranger": (
        lambda city: city.publish_list(signer=city.land.stranger),
        "status_list_issuer",
    ),
    "no list inside": (lambda city: raw_list(city, "none"), "status_list_malformed"),
    "not a JWT": (
        lambda city: city.web.published.update({city.list_uri: b"\xff"}),
        "status_list_malformed",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_v23_without_a_reliable_list_nothing_counts(city: City, name: str) -> None:
    publish, code = CASES[name]
    publish(city)
    assert answered(city) == (400, [code])
    assert city.journal() == [f"presentation.{code}"]
    city.web.status = 200
    city.publish_list()
    city.clock.advance(city.settings.status_retry_seconds)
    assert answered(city) == (200, [])


def test_v23_index_behind_the_end(city: City) -> None:
    assert answered(city, index=10_000) == (400, ["status_index_out_of_range"])
    assert answered(city) == (200, [])


@pytest.mark.parametrize(("value", "code"), [(1, "status_revoked"), (2, "status_suspended")])
def test_v22_out_of_force_has_its_own_code(city: City, value: int, code: str) -> None:
    city.statuses.set(9, value)
    city.publish_list()
    assert answered(city, index=9) == (400, [code])
    assert answered(city, index=7) == (200, [])


def test_a_credential_without_a_status_is_refused(city: City) -> None:
    asked = city.ask_identity()
    bare = city.credential("digital_id", status=None)
    assert asked.answer({"digital_id": [asked.show("digital_id", bare)]}).status_code == 400
    assert city.state(asked)["failures"] == ["status_missing"]


def test_a_stranger_cannot_make_the_verifier_fetch(city: City) -> None:
    asked = city.ask_identity()
    reference = {"status_list": {"uri": "https://inside.example/secret", "idx": 1}}
    text = city.credential("digital_id", signer=city.land.stranger, status=reference)
    assert asked.answer({"digital_id": [asked.show("digital_id", text)]}).status_code == 400
    assert city.web.asked == []


class TestWithoutANetwork:
    """From when a status is, where the issuer could not be reached again in time."""

    def ask(self, city: City, *, index: int = 7) -> Asked:
        """Present a Digital ID again and again, in one presentation."""
        asked = city.ask_identity()
        self.answer(city, asked, index=index)
        return asked

    def answer(self, city: City, asked: Asked, *, index: int = 7) -> None:
        credential = city.credential("digital_id", index=index)
        asked.answer({"digital_id": [asked.show("digital_id", credential)]})

    def test_it_is_told_of_an_accepted_answer(self, city: City) -> None:
        assert city.state(self.ask(city))["status_as_of"] is None
        published = dict(city.web.published)
        unreachable(city)
        for wait, as_of in ((59, None), (1, NOW), (3600, NOW)):
            city.clock.advance(wait)
            told = city.state(self.ask(city))
            assert (told["state"], told["status_as_of"]) == ("answered", as_of)
            assert told["result"]
        city.web.published.update(published)
        city.clock.advance(city.settings.status_retry_seconds)
        assert city.state(self.ask(city))["status_as_of"] is None

    def test_it_is_told_of_a_refused_one_and_goes_with_the_next(self, city: City) -> None:
        city.statuses.set(9, 2)
        city.publish_list()
        self.ask(city)
        published = dict(city.web.published)
        unreachable(city)
        city.clock.advance(60)
        asked = self.ask(city, index=9)
        told = city.state(asked)
        assert (told["failures"], told["status_as_of"]) == (["status_suspended"], NOW)
        city.web.published.update(published)
        city.clock.advance(city.settings.status_retry_seconds)
        self.answer(city, asked, index=9)
        assert city.state(asked)["status_as_of"] is None
        unreachable(city)
        city.clock.advance(60)
        for _ in range(city.settings.presentation_tries - 2):
            self.answer(city, asked, index=9)
        told = city.state(asked)
        seen = NOW + 60 + city.settings.status_retry_seconds
        assert (told["state"], told["status_as_of"]) == ("refused", seen)
