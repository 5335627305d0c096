"""Every error that the verifier defines has its answer in the one table."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import verifier
from madang.core.protocol.oid4vp.errors import VpCode, VpError
from verifier.errors import TABLE
from verifier.presentations.answering import AnswerRefusedError
from verifier.presentations.attestations import AttestationError
from verifier.presentations.opening import ClosedPresentationError


def defined() -> Iterator[type[Exception]]:
    for found in pkgutil.walk_packages(verifier.__path__, "verifier."):
        module = importlib.import_module(found.name)
        for _, each in inspect.getmembers(module, inspect.isclass):
            if issubclass(each, Exception) and each.__module__ == found.name:
                yield each


AT_THE_START = {AttestationError}
"""Errors of settings, which end a start and answer no request."""


def test_every_error_has_an_answer() -> None:
    assert {*defined()} - TABLE.keys() == AT_THE_START


def test_a_wallet_learns_the_protocols_code_and_no_more() -> None:
    error = VpError(VpCode.INVALID_REQUEST, "wallet_post", "5.10", "what came: secret")
    refusals = [
        TABLE[VpError](error),
        TABLE[AnswerRefusedError](AnswerRefusedError()),
        TABLE[ClosedPresentationError](ClosedPresentationError("expired")),
    ]
    assert {(each.status, each.code, each.detail) for each in refusals} == {
        (400, "invalid_request", "")
    }
