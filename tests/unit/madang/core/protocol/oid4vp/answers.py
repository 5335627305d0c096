"""Verdicts on answers, and what forgers and honest holders make of a presentation."""

import json
from collections.abc import Mapping

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.present import bind
from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.response import Answer
from madang.core.protocol.oid4vp.status_check import StatusLookup
from madang.core.protocol.oid4vp.verdict import (
    PresentationVerdict,
    StatusSource,
)
from madang.core.protocol.oid4vp.verification import conclude, examine
from tests.docs.test_presentation_checks import documented
from tests.unit.madang.core.protocol.oid4vp.city import (
    NOW,
    City,
    query_for,
    unsigned,
)

DOCUMENTED = documented()
NAME = query_for("id", "name")


def verdict_on(
    city: City,
    vp_token: Mapping[str, tuple[str, ...]],
    query: DcqlQuery = NAME,
    *,
    statuses: Mapping[StatusSource, StatusLookup] | None = None,
    state: str | None = "s-1",
    limits: Limits = DEFAULT_LIMITS,
) -> PresentationVerdict:
    examined = examine(Answer(vp_token, state), city.asked(query), city.policy, limits=limits)
    return conclude(examined, city.statuses("id", "lease") if statuses is None else statuses)


def codes(verdict: PresentationVerdict) -> list[str]:
    """Return the codes, each of which has to stand on the page under its step."""
    for failure in verdict.failures:
        assert failure.code in DOCUMENTED[failure.step], failure
    return [failure.code for failure in verdict.failures]


def kb_changed(text: str, **members: object) -> str:
    bound, _, key_binding = text.rpartition("~")
    return f"{bound}~{unsigned(key_binding, **members)}"


def kb_signed(city: City, text: str, typ: str = "kb+jwt", **members: object) -> str:
    """Sign the key binding anew with the holder's key and members changed."""
    bound, _, key_binding = text.rpartition("~")
    claims = jws.claims(jws.parse(key_binding)) | members
    return f"{bound}~{jws.sign(json.dumps(claims).encode(), {'typ': typ}, city.holder)}"


def kb_forged(text: str, alg: str) -> str:
    bound, _, key_binding = text.rpartition("~")
    head = base64url.encode(json.dumps({"typ": "kb+jwt", "alg": alg}).encode())
    return f"{bound}~{head}.{key_binding.split('.')[1]}.{key_binding.split('.')[2]}"


def issuer_changed(text: str, **members: object) -> str:
    issuer, rest = text.split("~", 1)
    return f"{unsigned(issuer, **members)}~{rest}"


def issuer_forged(text: str, alg: str) -> str:
    issuer, rest = text.split("~", 1)
    head, body, signature = issuer.split(".")
    header = {**json.loads(base64url.decode(head)), "alg": alg}
    return f"{base64url.encode(json.dumps(header).encode())}.{body}.{signature}~{rest}"


def rebound(city: City, parts: list[str]) -> str:
    """Bind other disclosures as an honest holder would."""
    bound = "~".join([*parts, ""])
    return bind(bound, "sha-256", city.holder, str(city.client_id), "n-1", NOW)
