"""Verifiers who compare notes must not find out that two copies are one person's.

What two copies of one batch have in common, every other person's copies of the same type and
hour have too; anything else links them. Every value at every depth is looked at, with lengths,
orders and encoded bytes. Names and values of disclosures are left out, and how many and how long
they are: nobody sees them but the holder, and whoever the holder shows them to learns no more
than that.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from issuer.issuance.mint import Bound, Stamp, lifetime, mint_copies
from issuer.sources.claims import ClaimSource, NothingToCertify
from issuer.sources.synthetic.register import SyntheticRegister
from issuer.status.model import Place
from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.catalog.payload import Payload
from madang.core.encoding import strict_json
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.model import SD, digest_of, parse
from madang.core.keys.software import generate_p256
from madang.infra.catalogue import Catalogue
from madang.infra.ids import SeededIds
from tests.unit.issuer.world import CATALOG, DAY, NOW, TENANT

COPIES = 5
PEOPLE = 10
FEW = 4
SIGNER = generate_p256("issuer-1")
IDS = SeededIds("unlinkable")

Traits: TypeAlias = Mapping[tuple[object, ...], object]
Batch: TypeAlias = Sequence[str]
"""The copies of one person, in the compact form."""


def walk(value: Any, place: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], object]]:
    """Yield every value under its place, and how long a text is; of arrays wherever it stands."""
    yield place, strict_json.dumps(value)
    if isinstance(value, str):
        yield ("length", *place), len(value)
        yield ("anywhere", value), True
    if isinstance(value, dict):
        yield ("names", *place), tuple(value)
        for name, inner in value.items():
            yield from walk(inner, (*place, name))
    if isinstance(value, list):
        yield ("length", *place), len(value)
        for index, inner in enumerate(value):
            yield from walk(inner, (*place, index))


def traits_of(compact: str) -> Traits:
    copy = parse(compact)
    signed, payload = copy.issuer_jws, copy.payload
    protected, encoded, signature = copy.issuer_compact.split(".")
    index = str(payload["status"]["status_list"]["idx"])
    found: dict[tuple[object, ...], object] = {
        ("protected",): protected,
        ("payload",): encoded,
        ("payload length",): len(signed.payload) - len(index),  # the index is the copy's own
        ("signature",): signature,
        ("signature", "r"): signed.signature[:32],
        ("signature length",): len(signature),
    }
    found.update(walk({**signed.header}, ("header",)))
    found.update(walk(payload, ("payload",)))
    for disclosure in copy.disclosures:
        found["disclosure", disclosure.encoded] = True
        found["digest", digest_of(disclosure.encoded, "sha-256")] = True
        found["salt", disclosure.salt] = True
        found["salt length", len(disclosure.salt)] = True
    found.update(orders(compact))
    return found


def orders(compact: str) -> Iterator[tuple[tuple[object, ...], object]]:
    """Yield in which order the digests of claims stand; None is a decoy's.

    Of one object, or of all small ones together: few digests have few orders.
    """
    copy = parse(compact)
    names = {digest_of(d.encoded, "sha-256"): d.name for d in copy.disclosures}
    small: list[str | None] = []
    for place, value in objects(copy.payload, ()):
        order = [names.get(digest) for digest in value.get(SD, ())]
        if len(order) < FEW:
            small += order
        else:
            yield ("order", *place), tuple(order)
    yield ("order", "of the small ones"), tuple(small) if len(small) >= FEW else ()


def objects(value: Any, place: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], Any]]:
    if isinstance(value, dict):
        yield place, value
        for name, inner in value.items():
            yield from objects(inner, (*place, name))


def links(batch: Batch, others: Sequence[Batch]) -> set[tuple[object, ...]]:
    """Return the places of what tells that copies belong together."""
    own = [traits_of(copy) for copy in batch]
    foreign = [traits_of(copy) for other in others for copy in other]
    found = set()
    for place in {place for traits in own for place in traits}:
        values = [traits.get(place) for traits in own]
        # Digests stand in one order twice by chance, but not in all copies.
        least = len(own) if place[0] == "order" else 2
        for value in set(values) - {None, ()}:
            shared = values.count(value) >= least
            if shared and any(traits.get(place) != value for traits in foreign):
                found.add(place)
    return found


def all_links(batches: Sequence[Batch]) -> set[tuple[object, ...]]:
    return {
        place
        for number, batch in enumerate(batches)
        for place in links(batch, [*batches[:number], *batches[number + 1 :]])
    }


Mint: TypeAlias = Callable[[CertificateType, Payload, int], Batch]


def stamp_at(issued_at: int, expires_at: int) -> Stamp:
    vct = "https://id.hanbit.example/hanbit/issuer/vct/sample/1"
    return Stamp("https://id.hanbit.example/hanbit/issuer", SIGNER, vct, "sha256-x", issued_at,
                 expires_at)  # fmt: skip


def bounds() -> list[Bound]:
    places = random.Random(IDS.token()).sample(range(4096), COPIES)  # noqa: S311 - a test
    return [Bound(generate_p256("h").public_key, Place(1, place)) for place in places]


def minted(
    certificate_type: CertificateType, payload: Payload, person: int, **changes: Any
) -> Batch:
    times = lifetime(certificate_type, NOW - NOW % 3600 + 7 * person)
    given = {
        "payload": payload, "stamp": stamp_at(*times), "bounds": bounds(), "chance": IDS.bytes,
    } | changes  # fmt: skip
    return [copy.compact for copy in mint_copies(certificate_type, **given)]


@pytest.fixture(scope="session")
def payloads(
    catalogue: Catalogue, made_up: SyntheticRegister
) -> dict[str, tuple[CertificateType, list[Payload]]]:
    """People's payloads of each type, of all that the register knows enough of."""
    source = ClaimSource(made_up, catalogue.tenants)
    found: dict[str, tuple[CertificateType, list[Payload]]] = {}
    for type_id, certificate_type in catalogue.types.items():
        found[type_id] = certificate_type, []
        for resident in made_up.residents(TENANT):
            try:
                found[type_id][1].append(source.payload(TENANT, resident.id, certificate_type, DAY))
            except NothingToCertify:
                continue
    return found


def batches(of: tuple[CertificateType, list[Payload]], mint: Mint = minted) -> list[Batch]:
    certificate_type, every = of
    # People with fewer claims first: the number of digests must not tell them from others.
    chosen = sorted(every, key=lambda payload: len(payload.sd_paths))
    spread = [chosen[number * (len(chosen) - 1) // (PEOPLE - 1)] for number in range(PEOPLE)]
    return [mint(certificate_type, payload, person) for person, payload in enumerate(spread)]


@pytest.mark.parametrize(
    "type_id", sorted(path.name for path in (CATALOG / "certificates").iterdir())
)
def test_nothing_tells_that_two_copies_are_one_persons(
    payloads: dict[str, Any], type_id: str
) -> None:
    assert payloads[type_id][1]
    assert all_links(batches(payloads[TypeId(type_id)])) == set()


def test_people_with_fewer_claims_were_among_them(payloads: dict[str, Any]) -> None:
    numbers = {len(payload.sd_paths) for payload in payloads["employment_status"][1]}
    assert len(numbers) > 1


SAMPLE = "digital_id"


def planted(payloads: dict[str, Any], mint: Mint, type_id: str = SAMPLE) -> set[object]:
    """Return what links, by the member of the payload or the kind of trait."""
    found = all_links(batches(payloads[type_id], mint))
    return {place[1] if place[0] == "payload" and len(place) > 1 else place[0] for place in found}


def test_a_batch_number_is_found(payloads: dict[str, Any]) -> None:
    def mint(certificate_type: CertificateType, payload: Payload, person: int) -> Batch:
        claims = {**payload.claims, "batch": f"b-{person}"}
        return minted(certificate_type, payload._replace(claims=claims), person)

    assert "batch" in planted(payloads, mint)


def test_a_value_deep_inside_is_found(payloads: dict[str, Any]) -> None:
    def mint(certificate_type: CertificateType, payload: Payload, person: int) -> Batch:
        claims = {**payload.claims, "a": [{"b": [{"c": person}]}]}
        return minted(certificate_type, payload._replace(claims=claims), person)

    found = all_links(batches(payloads[SAMPLE], mint))
    assert ("payload", "a", 0, "b", 0, "c") in found


def test_a_time_that_is_not_rounded_is_found(payloads: dict[str, Any]) -> None:
    def mint(certificate_type: CertificateType, payload: Payload, person: int) -> Batch:
        exact = stamp_at(NOW + 7 * person, NOW + 7 * person + 86_400)
        return minted(certificate_type, payload, person, stamp=exact)

    assert {"iat", "exp"} <= planted(payloads, mint)


def test_salts_used_again_are_found(payloads: dict[str, Any]) -> None:
    def mint(certificate_type: CertificateType, payload: Payload, person: int) -> Batch:
        chance = IDS.bytes(10_000)
        return [
            copy
            for bound in bounds()
            for copy in minted(
                certificate_type, payload, person, bounds=[bound], chance=lambda n: chance[:n]
            )
        ]

    assert {"salt", "digest", "disclosure"} <= planted(payloads, mint)


def signed_again(compact: str, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> str:
    copy = parse(compact)
    header, payload = {**copy.issuer_jws.header}, copy.payload
    change(header, payload)
    again = jws.sign(strict_json.dumps(payload).encode(), header, SIGNER)
    return "~".join([again, *(d.encoded for d in copy.disclosures), ""])


def with_change(
    change: Callable[[str, int], Callable[[dict[str, Any], dict[str, Any]], None]],
) -> Mint:
    def mint(certificate_type: CertificateType, payload: Payload, person: int) -> Batch:
        made = minted(certificate_type, payload, person)
        return [signed_again(copy, change(copy, person)) for copy in made]

    return mint


def in_own_order(compact: str, person: int) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """Put the digests in an order that is the person's, the same in all copies."""
    names = {digest_of(d.encoded, "sha-256"): str(d.name) for d in parse(compact).disclosures}

    def change(_: dict[str, Any], payload: dict[str, Any]) -> None:
        payload[SD].sort(key=lambda digest: names.get(digest, ""))
        random.Random(person).shuffle(payload[SD])  # noqa: S311 - a test

    return change


def test_an_order_of_the_persons_own_is_found(payloads: dict[str, Any]) -> None:
    assert "order" in planted(payloads, with_change(in_own_order))


def test_an_order_of_the_members_is_found(payloads: dict[str, Any]) -> None:
    def turned(_: str, person: int) -> Callable[[dict[str, Any], dict[str, Any]], None]:
        def change(_: dict[str, Any], payload: dict[str, Any]) -> None:
            if person == 3:
                payload["iss"] = payload.pop("iss")

        return change

    assert "names" in planted(payloads, with_change(turned))


def test_a_key_of_the_persons_own_in_the_header_is_found(payloads: dict[str, Any]) -> None:
    def own(_: str, person: int) -> Callable[[dict[str, Any], dict[str, Any]], None]:
        return lambda header, _: header.update(kid=f"issuer-{person}")

    assert "header" in planted(payloads, with_change(own))


def test_one_holder_key_for_two_copies_is_refused_or_found(payloads: dict[str, Any]) -> None:
    def mint(certificate_type: CertificateType, payload: Payload, person: int) -> Batch:
        key = generate_p256("h").public_key
        made = [replace(bound, key=key) for bound in bounds()]
        return [
            copy
            for bound in made
            for copy in minted(certificate_type, payload, person, bounds=[bound])
        ]

    assert "cnf" in planted(payloads, mint)


def test_a_number_of_digests_that_is_a_persons_is_found(payloads: dict[str, Any]) -> None:
    """Without the decoys that stand for claims that a person lacks."""

    def mint(certificate_type: CertificateType, payload: Payload, person: int) -> Batch:
        present = {path[:1] for path in payload.sd_paths}
        claims = tuple(c for c in certificate_type.claims if c.path[:1] in present)
        return minted(replace(certificate_type, claims=claims), payload, person)

    assert "length" in planted(payloads, mint, "employment_status")
