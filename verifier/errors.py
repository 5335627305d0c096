"""How the verifier tells its errors."""

from madang.access import errors as access_errors
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.trust.snapshot import SnapshotError
from madang.infra.web.errors import Refusal, Table
from verifier.eligibility.checking import NoRuleError, UnknownCheckError, UnknownProgrammeError
from verifier.presentations.answering import AnswerRefusedError
from verifier.presentations.opening import (
    AudienceError,
    ClosedPresentationError,
    PurposeError,
    UnknownPresentationError,
)
from verifier.presentations.routes import BodyError

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
    BodyError: lambda error: Refusal(400, "invalid_request", "request.malformed", str(error)),
    UnknownProgrammeError: lambda _: Refusal(404, _NOT_FOUND, "eligibility.unknown_programme"),
    NoRuleError: lambda _: Refusal(409, "no_rule_in_force", "eligibility.no_rule"),
    UnknownCheckError: lambda _: Refusal(404, _NOT_FOUND, "eligibility.unknown_check"),
}
"""Error type to answer, for the whole service."""
