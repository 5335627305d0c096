"""The answer to a request, and its way through the form (OpenID4VP 1.0 section 8)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.core.encoding import strict_json
from madang.core.envelope import jwe
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jwe import ENCS
from madang.core.protocol.error_body import printable
from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import kind, load
from madang.core.protocol.oid4vp.encryption import choose_encryption
from madang.core.protocol.oid4vp.errors import VpCode, refusing
from madang.core.protocol.oid4vp.request import VP_TOKEN, RequestObject

_QUERY_ID = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """The content of an answer; nothing in it is verified.

    Attributes:
        vp_token: per query id the presentations, as received.
        state: as received, or None.
    """

    vp_token: Mapping[str, tuple[str, ...]]
    state: str | None


@dataclass(frozen=True, slots=True)
class PostedAnswer:
    """A posted answer, still encrypted."""

    jwe: str


@dataclass(frozen=True, slots=True)
class PostedError:
    """A posted error answer, which may come in the clear (section 8.3.1).

    Attributes:
        code: wire code; not trusted, shown as text only.
        description: human-readable text of the wallet, or None.
        state: as received, or None.
    """

    code: str
    description: str | None
    state: str | None


def encrypt_answer(request: RequestObject, vp_token: Mapping[str, Sequence[str]]) -> str:
    """Return the form body with an answer that only the verifier can read (section 8.3.1).

    Args:
        request: as verified by the wallet.
        vp_token: per query id the presentations; leave out ids with none.

    Raises:
        VpError: the request offers no usable key.
    """
    choice = choose_encryption(request.client_metadata)
    members: dict[str, object] = {
        VP_TOKEN: {query_id: list(texts) for query_id, texts in vp_token.items()}
    }
    if request.state is not None:
        members["state"] = request.state
    payload = strict_json.dumps(members).encode()
    return encode_form({"response": jwe.encrypt(payload, choice.jwk, enc=choice.enc)})


def error_form(code: VpCode, *, description: str | None = None, state: str | None = None) -> str:
    """Return the form body of an error answer (section 8.5)."""
    text = None if description is None else printable(description)
    return encode_form({"error": code, "error_description": text, "state": state})


def parse_posted(body: bytes, *, limits: Limits = DEFAULT_LIMITS) -> PostedAnswer | PostedError:
    """Read what was posted at ``response_uri``.

    Raises:
        VpError: ``response_form``, or ``response_plain`` for an answer that is not encrypted.
    """
    refuse = refusing("response_form", "8.2")
    form = parse_form(body, limits=limits, refuse=refuse)
    if VP_TOKEN in form:
        plain = refusing("response_plain", "8.3.1")
        raise plain("the answer is not encrypted; direct_post.jwt was asked for")
    response, error = form.get("response"), form.get("error")
    if response is not None and error is None:
        return PostedAnswer(response)
    if error is None or response is not None:
        raise refuse("the form should have either response or error")
    return PostedError(error[:80], form.get("error_description"), form.get("state"))


def open_answer(
    posted: PostedAnswer,
    private_jwks: Mapping[str, Mapping[str, object]],
    *,
    allowed_enc: tuple[str, ...] = ENCS,
    limits: Limits = DEFAULT_LIMITS,
) -> Answer:
    """Decrypt an answer and read its form.

    Args:
        posted: as posted.
        private_jwks: the private keys of this one request, by ``kid``.
        allowed_enc: what the request offered.
        limits: bounds on size, nesting and number of presentations.

    Raises:
        VpError: ``response_encryption``, ``response_payload`` or ``vp_token_form``.
    """
    try:
        plain = jwe.decrypt(
            posted.jwe, private_jwks, allowed_enc=allowed_enc, max_bytes=limits.jwe_bytes
        )
    except EnvelopeError as error:
        raise refusing("response_encryption", "8.3")(str(error)) from None
    refuse = refusing("response_payload", "8.3")
    value = load(plain, limits.jwe_bytes, limits, refuse)
    if not isinstance(value, dict):
        raise refuse(f"the encrypted payload should be an object, got {kind(value)}")
    state = value.get("state")
    if state is not None and not isinstance(state, str):
        raise refuse(f"state should be a string, got {kind(state)}")
    return Answer(_vp_token(value.get(VP_TOKEN), limits), state)


def _vp_token(value: object, limits: Limits) -> dict[str, tuple[str, ...]]:
    refuse = refusing("vp_token_form", "8.1")
    if not isinstance(value, dict):
        raise refuse(f"vp_token should be an object, got {kind(value)}")
    found: dict[str, tuple[str, ...]] = {}
    for query_id, presentations in value.items():
        if not isinstance(presentations, list) or not presentations:
            raise refuse("every member of vp_token should be an array of presentations")
        texts = tuple(text for text in presentations if isinstance(text, str))
        if len(texts) < len(presentations):
            raise refuse("every presentation should be a string")
        if not _QUERY_ID.fullmatch(query_id) or len(query_id) > limits.text_chars:
            raise refuse("every member of vp_token should be named by a credential query's id")
        found[query_id] = texts
    if sum(map(len, found.values())) > limits.presentations:
        raise refuse(f"more than {limits.presentations} presentations came")
    return found
