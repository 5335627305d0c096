"""The answer to a request, and its way through the form (OpenID4VP 1.0 section 8)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

from madang.core.encoding import strict_json
from madang.core.envelope import jwe
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jwe import ENCS
from madang.core.protocol.error_body import printable
from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Refusal, kind, load
from madang.core.protocol.oid4vp.encryption import choose_encryption
from madang.core.protocol.oid4vp.errors import VpCode, refusing
from madang.core.protocol.oid4vp.request import (
    VP_TOKEN,
    RequestObject,
    ResponseMode,
    by_dc_api,
    encrypted,
)

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


def answer_form(request: RequestObject, vp_token: Mapping[str, Sequence[str]]) -> str:
    """Return the form body with an answer to a request by post (sections 8.2 and 8.3.1).

    Args:
        request: as verified by the wallet.
        vp_token: per query id the presentations; leave out ids with none.

    Raises:
        VpError: the answer is to be encrypted and the request offers no usable key.
    """
    return encode_form(
        {
            name: value if isinstance(value, str) else strict_json.dumps(value)
            for name, value in answer_members(request, vp_token).items()
        }
    )


def answer_members(
    request: RequestObject, vp_token: Mapping[str, Sequence[str]]
) -> dict[str, JsonValue]:
    """Return the members of an answer: what a form holds, or the API hands over (appendix A.4).

    Args and errors are those of ``answer_form``.
    """
    members: dict[str, JsonValue] = {
        VP_TOKEN: {query_id: list(texts) for query_id, texts in vp_token.items()}
    }
    if request.state is not None and not by_dc_api(request.response_mode):
        members["state"] = request.state
    if not encrypted(request.response_mode):
        return members
    choice = choose_encryption(request.client_metadata)
    payload = strict_json.dumps(members).encode()
    return {"response": jwe.encrypt(payload, choice.jwk, enc=choice.enc)}


def error_form(code: VpCode, *, description: str | None = None, state: str | None = None) -> str:
    """Return the form body of an error answer (section 8.5)."""
    text = None if description is None else printable(description)
    return encode_form({"error": code, "error_description": text, "state": state})


Came: TypeAlias = Answer | PostedAnswer | PostedError
"""What may come: an answer in the clear, an encrypted one, or an error."""


def parse_posted(
    body: bytes, mode: ResponseMode = "direct_post.jwt", *, limits: Limits = DEFAULT_LIMITS
) -> Came:
    """Read what was posted at ``response_uri``.

    Args:
        body: the form.
        mode: what the request asked for; an answer in another way is refused.
        limits: bounds on size, nesting and number of presentations.

    Raises:
        VpError: ``response_form``, ``response_plain`` for an answer that is not encrypted though
            it should be, ``response_encrypted`` for the reverse, or ``vp_token_form``.
    """
    refuse = refusing("response_form", "8.2")
    form = parse_form(body, limits=limits, refuse=refuse)
    error = form.get("error")
    _check_one_kind(form, mode, refuse)
    if error is not None:
        return PostedError(error[:80], form.get("error_description"), form.get("state"))
    if not encrypted(mode):
        token = load(form[VP_TOKEN], limits.body_bytes, limits, refusing("vp_token_form", "8.1"))
        return Answer(_vp_token(token, limits), form.get("state"))
    return PostedAnswer(form["response"])


def parse_handed_over(data: object, mode: ResponseMode, *, limits: Limits = DEFAULT_LIMITS) -> Came:
    """Read the ``data`` that the Digital Credentials API handed to our page (appendix A.4).

    Args:
        data: decoded JSON.
        mode: ``dc_api`` or ``dc_api.jwt``, as the request asked for.
        limits: bounds on number and size.

    Raises:
        VpError: as of ``parse_posted``.
    """
    refuse = refusing("response_form", "A.4")
    if not isinstance(data, dict):
        raise refuse(f"data should be an object, got {kind(data)}")
    error, response = data.get("error"), data.get("response")
    _check_one_kind(data, mode, refuse)
    if error is not None:
        if not isinstance(error, str):
            raise refuse(f"error should be a string, got {kind(error)}")
        return PostedError(error[:80], None, None)
    if not encrypted(mode):
        return Answer(_vp_token(data[VP_TOKEN], limits), None)
    if not isinstance(response, str):
        raise refuse(f"response should be a string, got {kind(response)}")
    return PostedAnswer(response)


def _check_one_kind(members: Mapping[str, object], mode: ResponseMode, refuse: Refusal) -> None:
    """Require one of answer and error, and the kind of answer that was asked for."""
    if encrypted(mode) and VP_TOKEN in members:
        plain = refusing("response_plain", "8.3.1")
        raise plain(f"the answer is not encrypted; {mode} was asked for")
    if not encrypted(mode) and "response" in members:
        sealed = refusing("response_encrypted", "8.2")
        raise sealed(f"the answer is encrypted; {mode} was asked for")
    name = "response" if encrypted(mode) else VP_TOKEN
    if (name in members) == ("error" in members):
        raise refuse(f"there should be either {name} or error")


def open_answer(
    posted: PostedAnswer,
    private_jwks: Mapping[str, Mapping[str, object]],
    *,
    allowed_enc: tuple[str, ...] = ENCS,
    limits: Limits = DEFAULT_LIMITS,
) -> Answer | PostedError:
    """Decrypt an answer, or an error that was encrypted too, and read its form.

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
    told = value.get("error")
    if isinstance(told, str) and VP_TOKEN not in value:
        return PostedError(told[:80], None, state)
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
