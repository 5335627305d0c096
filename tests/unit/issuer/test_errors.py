"""Every error that the issuer defines has its answer in the one table."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import issuer
from issuer.authorization.model import UpstreamError, VerifierAway
from issuer.authorization.providers import ProviderFileError
from issuer.errors import TABLE
from issuer.sources.median_income import MedianIncomeError
from issuer.sources.model import UnknownPersonError
from issuer.sources.synthetic.demonstration import NobodyFoundError
from madang.core.protocol.oauth.errors import OAuthCode, OAuthError
from madang.core.protocol.oid4vci.errors import CredentialCode, CredentialError

NEVER_AT_A_ROUTE = {
    MedianIncomeError,
    UnknownPersonError,
    NobodyFoundError,
    ProviderFileError,
    # What goes wrong at another service is said on the log-in's page.
    UpstreamError,
    VerifierAway,
}


def defined() -> Iterator[type[Exception]]:
    for found in pkgutil.walk_packages(issuer.__path__, "issuer."):
        module = importlib.import_module(found.name)
        for _, each in inspect.getmembers(module, inspect.isclass):
            if issubclass(each, Exception) and each.__module__ == found.name:
                yield each


def test_every_error_has_an_answer() -> None:
    missing = {*defined()} - TABLE.keys() - NEVER_AT_A_ROUTE
    assert not missing


@pytest.mark.parametrize("code", list(OAuthCode))
def test_oauth_errors_keep_code_and_status(code: OAuthCode) -> None:
    error = OAuthError(code, "why")
    refusal = TABLE[OAuthError](error)
    assert (refusal.status, refusal.code, refusal.detail) == (error.status, code, "why")
    assert refusal.journal == f"token.{code}"


@pytest.mark.parametrize("code", list(CredentialCode))
def test_credential_errors_keep_code_and_status(code: CredentialCode) -> None:
    refusal = TABLE[CredentialError](CredentialError(code, 'say "why"'))
    assert (refusal.status, refusal.code, refusal.detail) == (400, code, "say 'why'")
    assert refusal.journal == f"credential.{code}"
