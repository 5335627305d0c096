"""Decentralized Identifiers, their documents, and what a registry says."""

from madang.core.encoding import base58, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.jwk import KeyFormatError
from madang.core.trust.did import multikey, parser, web
from madang.core.trust.did.erc1056 import (
    DIDAttributeChanged,
    DIDDelegateChanged,
    DIDOwnerChanged,
    Event,
    History,
)
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.model import Purpose
from madang.core.trust.did.resolution import key_for, resolve
from tests.fuzz.harness import chunks, harness, require, text
from tests.fuzz.world import DID, ETHR_ADDRESS, ETHR_DID, NOW


@harness(EncodingError)
def base58_text(data: bytes) -> None:
    assert base58.encode(base58.decode(text(data))) == text(data)


@harness(DidError)
def did(data: bytes) -> None:
    assert resolve(text(data)).id == text(data)


@harness(DidError)
def did_web(data: bytes) -> None:
    place = web.location(text(data), allow_loopback_http=True)
    assert place.endswith("/did.json")


@harness(DidError)
def did_web_of_url(data: bytes) -> None:
    made = web.identifier(text(data), allow_loopback_http=True)
    assert web.location(made, allow_loopback_http=True)


@harness(DidError)
def did_multikey(data: bytes) -> None:
    assert multikey.encode(multikey.decode(text(data))) == text(data)


@harness(DidError, KeyFormatError)
def did_document(data: bytes) -> None:
    document = parser.parse(data, DID)
    assert parser.parse(strict_json.dumps(document.to_json()), DID) == document
    for purpose in Purpose:
        for name in document.listed(purpose):
            key_for(document, name, purpose)


def _event(data: bytes) -> Event:
    """Make an event of any bytes: its kind, two times, and what else it says."""
    at, until, name, rest = NOW + data[1], NOW + data[2], data[3:35], data[35:]
    if data[0] % 3 == 0:
        return DIDOwnerChanged(ETHR_ADDRESS, text(rest), at)
    if data[0] % 3 == 1:
        return DIDDelegateChanged(ETHR_ADDRESS, name, text(rest), until, at)
    return DIDAttributeChanged(ETHR_ADDRESS, name, rest, until, at)


@harness(DidError)
def did_ethr_history(data: bytes) -> None:
    events = tuple(_event(each.ljust(3, b"\0")) for each in chunks(data))
    document = resolve(ETHR_DID, History(ETHR_ADDRESS, events, NOW + 100))
    strict_json.dumps(document.to_json())
    require(document.verification_method)
