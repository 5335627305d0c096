"""Which copies answer a request, and what of them would be shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from madang.core.protocol.dcql.authorities import Authorities, authority_types
from madang.core.protocol.dcql.match import Candidate, HeldCredential, Selection, match
from madang.core.protocol.dcql.path import locate, show
from madang.core.protocol.oid4vp.request import RequestObject, encrypted
from madang.core.protocol.oid4vp.transaction_data import TransactionData, parse_all
from mobile_stub.errors import WalletError
from mobile_stub.held import claims_of, credential_of, expires_at, supported_by
from mobile_stub.model import HeldCopy
from mobile_stub.presenting.model import Choices


@dataclass(frozen=True, slots=True)
class Matched:
    """What the wallet has for a request.

    Attributes:
        request: the request.
        held: the copies of the verifier's presentation set, by digest.
        selection: which of them fit.
    """

    request: RequestObject
    held: Mapping[str, HeldCopy]
    selection: Selection

    @property
    def answer(self) -> dict[str, tuple[Candidate, ...]]:
        """Return what would be sent: what is required, and of each optional set what there is.

        Of a query for one credential the first that fits; of one for several all of them.
        """
        chosen = list(self.selection.chosen)
        for options in self.selection.optional:
            chosen += next(iter(options), ())
        return {name: self._candidates(name) for name in dict.fromkeys(chosen)}

    def chosen(self, choices: Choices) -> dict[str, tuple[Candidate, ...]]:
        """Return what is sent after the person has chosen copies, or left something out.

        Raises:
            WalletError: `choice_refused`: a copy does not fit, or what is left is not enough.
        """
        answer = self.answer
        for name, digests in choices.items():
            fitting = {each.handle: each for each in self.selection.candidates.get(name, ())}
            query = self.request.dcql_query.credential(name)
            if query is None or not fitting.keys() >= {*digests}:
                raise WalletError("choice_refused", f"{name}: a copy was chosen that does not fit")
            if len(digests) > 1 and not query.multiple:
                raise WalletError("choice_refused", f"{name}: one copy was asked for")
            answer[name] = tuple(fitting[digest] for digest in dict.fromkeys(digests))
        kept = {name: found for name, found in answer.items() if found}
        if not kept or not self.selection.accepts(kept):
            raise WalletError("choice_refused", "what is left does not answer the request")
        return kept

    def _candidates(self, name: str) -> tuple[Candidate, ...]:
        found = self.selection.candidates[name]
        query = self.request.dcql_query.credential(name)
        return found if query is not None and query.multiple else found[:1]

    @property
    def transactions(self) -> tuple[TransactionData, ...]:
        """Return what is to be authorized."""
        return parse_all(self.request.transaction_data or ())

    @property
    def possible(self) -> bool:
        """Tell whether an answer may be sent at all (section 6.4.2)."""
        answer = self.answer
        carried = all(
            any(name in answer for name in data.credential_ids) for data in self.transactions
        )
        return self.selection.satisfied and bool(answer) and carried

    def missing(self) -> dict[str, list[str]]:
        """Return the types that are asked for and not there, by query.

        What something else that is there stands in for, as the other format, is not missing.
        """
        lacking = {name for options in self._unmet() for option in options for name in option}
        return {
            query.id: [*(query.meta.vct_values or ()), *filter(None, [query.meta.doctype_value])]
            for query in self.request.dcql_query.credentials
            if query.id in lacking and not self.selection.candidates[query.id]
        }

    def _unmet(self) -> Iterator[Sequence[Sequence[str]]]:
        yield from self.selection.unmet
        sets = self.request.dcql_query.credential_sets or ()
        optional = (each.options for each in sets if not each.required)
        for options, possible in zip(optional, self.selection.optional, strict=True):
            if not possible:
                yield options

    def shown(self, found: Candidate) -> dict[str, Any]:
        """Return each claim that would be shown with its value, by its path in words."""
        claims = claims_of(self.held[found.handle])
        return {show(place): value for path in found.paths for place, value in locate(claims, path)}

    def listed(self, found: Candidate) -> dict[str, Any]:
        """Return one copy as the person is shown it."""
        copy = self.held[found.handle]
        named = {"digest": copy.digest, "format": copy.format, "type": copy.type}
        return {**named, "names": copy.names, "issuer": copy.issuer, "claims": self.shown(found)}


def match_copies(
    request: RequestObject, copies: Sequence[HeldCopy], authorities: Authorities, now: int
) -> Matched:
    """Find the copies that fit: those that have not expired, in algorithms the verifier knows."""
    metadata = request.client_metadata
    formats = None if metadata is None else metadata.vp_formats_supported
    held = {
        copy.digest: copy
        for copy in copies
        if (expires_at(copy) or now + 1) > now
        and supported_by(copy, formats, encrypted=encrypted(request.response_mode))
    }
    types = authority_types(request.dcql_query.credentials)
    credentials = [
        HeldCredential(digest, credential_of(copy, types, authorities, now=now))
        for digest, copy in held.items()
    ]
    return Matched(request, held, match(request.dcql_query, credentials))


def set_of(copies: Sequence[HeldCopy], number: int, *, reuse: bool) -> list[HeldCopy]:
    """Return the copies of a presentation set.

    Args:
        copies: all of them.
        number: of the set.
        reuse: whether a certificate with fewer copies than that is shown by an older one.
    """
    found = [copy for copy in copies if copy.number == number]
    if not reuse:
        return found
    held = {copy.certificate for copy in found}
    others: dict[tuple[str, str, str, str], list[HeldCopy]] = {}
    for copy in copies:
        if copy.certificate not in held:
            others.setdefault(copy.certificate, []).append(copy)
    return found + [each[number % len(each)] for each in others.values()]
