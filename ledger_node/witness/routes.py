"""A witness over HTTP: C2SP tlog-witness, and what it has seen for everybody to read."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from ledger_node.witness.model import Conflict, NotWitnessedError, WitnessedHead
from ledger_node.witness.usecases import Witness
from madang.access.marks import protocol, public
from madang.core.encoding import strict_json
from madang.core.merkle.note import encode_base64
from madang.core.merkle.witness import SIZE_TYPE, AddCheckpoint, Judgement, log_id
from madang.infra.tenancy import UnknownTenant
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, Answers, Content, describe
from madang.infra.web.published import READING, changing

_STATUS: Final = {
    Judgement.OLD_TOO_LARGE: 400,
    Judgement.STALE: 409,
    Judgement.SPLIT: 409,
    Judgement.UNPROVEN: 422,
}
_SIGNED = "the log's own signature on the checkpoint is checked"
_OPEN = "what a witness has seen is for everybody to read"
_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"
_JUDGED: Final[Answers] = {
    200: Content(_TEXT),
    409: (Content(SIZE_TYPE), Content(_TEXT)),
    **dict.fromkeys((400, 422), Content(_TEXT)),
}


def witness_router(witnesses: Mapping[str, Witness]) -> APIRouter:
    """Return the routes of the witnesses.

    Args:
        witnesses: by tenant, or by the name of an audit body.
    """
    router = APIRouter(prefix="/{tenant}/witness")

    @router.post("/add-checkpoint")
    @protocol(_SIGNED, Form.PROBLEM)
    @describe(Content(_TEXT), gives=_JUDGED)
    async def add_checkpoint(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        asked = AddCheckpoint.parse(await request.body())
        try:
            line = witnesses[tenant].add(asked)
        except NotWitnessedError as error:
            return _refused(error)
        return Response(line, media_type=_TEXT, headers={"cache-control": "no-store"})

    @router.api_route("/logs", methods=[*READING])
    @public(_OPEN, Form.PROBLEM)
    @describe(gives={200: OBJECT, 304: None})
    async def logs(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        witness = witnesses[tenant]
        seen = [_log(tenant, origin, witness.latest(origin)) for origin in sorted(witness.logs)]
        told = {"witness": witness.key.encode(), "logs": seen}
        return changing(request, strict_json.dumps(told), _JSON)

    @router.api_route("/logs/{log}/checkpoint", methods=[*READING])
    @public(_OPEN, Form.PROBLEM)
    @describe(gives={200: Content(_TEXT), 304: None})
    async def checkpoint(request: Request, tenant: str, log: str) -> Any:  # noqa: ANN401 - FastAPI's response
        witness = witnesses[tenant]
        found = [witness.latest(origin) for origin in witness.logs if log_id(origin) == log]
        if not found or found[0] is None:
            raise UnknownTenant(tenant)
        return changing(request, found[0].note + found[0].line, _TEXT)

    @router.api_route("/conflicts", methods=[*READING])
    @public(_OPEN, Form.PROBLEM)
    @describe(gives={200: OBJECT, 304: None})
    async def conflicts(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = [_conflict(each) for each in witnesses[tenant].conflicts()]
        return changing(request, strict_json.dumps({"conflicts": found}), _JSON)

    return router


def _refused(error: NotWitnessedError) -> Response:
    status, headers = _STATUS[error.judgement], {"cache-control": "no-store"}
    if status == _STATUS[Judgement.STALE]:
        # As a header: a media type would get a charset that the text does not have.
        return Response(f"{error.size}\n", status, {**headers, "content-type": SIZE_TYPE})
    return Response(f"{error.judgement.value}\n", status, headers, _TEXT)


def _log(tenant: str, origin: str, head: WitnessedHead | None) -> dict[str, object]:
    told: dict[str, object] = {
        "origin": origin,
        "checkpoint": f"/{tenant}/witness/logs/{log_id(origin)}/checkpoint",
        "size": 0,
    }
    if head is not None:
        told |= {"size": head.size, "root": encode_base64(head.root), "time": head.time}
    return told


def _conflict(conflict: Conflict) -> dict[str, object]:
    return {
        "origin": conflict.origin,
        "size": conflict.size,
        "signed_by_witness": conflict.first,
        "refused": conflict.second,
        "seen": conflict.seen,
    }
