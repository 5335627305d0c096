"""How the verifier tells its errors."""

from madang.access import errors as access_errors
from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.trust.snapshot import SnapshotError
from madang.infra.web.errors import Refusal, Table
from verifier.eligibility.checking import NoRuleError, UnknownCheckError, UnknownProgrammeError
from verifier.keys.usecases import ApiKeyError, UnknownApiKeyError
from verifier.presentations.answering import AnswerRefusedError
from verifier.presentations.clients import ClientError
from verifier.presentations.manner import MannerError
from verifier.presentations.opening import (
    AudienceError,
    ClosedPresentationError,
    PurposeError,
    UnknownPresentationError,
)
from verifier.presentations.routes import BodyError
from verifier.presentations.same_device import OtherBrowserError, ResponseCodeError
from verifier.presentations.watch import BusyError
from verifier.requests.asking import WishError
from verifier.requests.draft import DraftError
from verifier.requests.usecases import UnknownQuestionError

_NOT_FOUND = "not_found"

TABLE: Table = {
    **access_errors.TABLE,
    # The use case has noted the failed check; a wallet learns no more than the code.
    AnswerRefusedError: lambda error: Refusal(400, error.wire),
    VpError: lambda error: Refusal(400, error.code, f"presentation.{error.reason}"),
    ClosedPresentationError: lambda error: Refusal(
        400, "invalid_request", f"presentation.{error.code}_already"
    ),
    UnknownPresentationError: lambda _: Refusal(404, _NOT_FOUND, "presentation.unknown"),
    PurposeError: lambda error: Refusal(403, error.code, f"presentation.{error.code}", str(error)),
    SnapshotError: lambda error: Refusal(
        503, error.code, f"accreditation.{error.code}", str(error)
    ),
    AudienceError: lambda error: Refusal(
        400, "unknown_audience", "presentation.audience", str(error)
    ),
    MannerError: lambda error: Refusal(400, "invalid_request", "presentation.manner", str(error)),
    ClientError: lambda error: Refusal(409, "client_id", "presentation.client_id", str(error)),
    DcqlError: lambda error: Refusal(400, "invalid_query", "presentation.query", str(error)),
    ResponseCodeError: lambda _: Refusal(403, "response_code", "presentation.response_code"),
    OtherBrowserError: lambda _: Refusal(403, "other_browser", "presentation.other_browser"),
    BusyError: lambda _: Refusal(503, "busy", headers={"retry-after": "5"}),
    WishError: lambda error: Refusal(400, "invalid_request", "request.malformed", str(error)),
    DraftError: lambda error: Refusal(400, error.code),
    UnknownQuestionError: lambda _: Refusal(404, _NOT_FOUND, "question.unknown"),
    UnknownApiKeyError: lambda _: Refusal(404, _NOT_FOUND, "api_key.unknown"),
    ApiKeyError: lambda _: Refusal(
        401, "invalid_token", "access.api_key", headers={"www-authenticate": "Bearer"}
    ),
    BodyError: lambda error: Refusal(400, "invalid_request", "request.malformed", str(error)),
    UnknownProgrammeError: lambda _: Refusal(404, _NOT_FOUND, "eligibility.unknown_programme"),
    NoRuleError: lambda _: Refusal(409, "no_rule_in_force", "eligibility.no_rule"),
    UnknownCheckError: lambda _: Refusal(404, _NOT_FOUND, "eligibility.unknown_check"),
}
"""Error type to answer, for the whole service."""
