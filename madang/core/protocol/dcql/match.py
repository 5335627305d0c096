"""The wallet's side: which held credentials answer a query, with which claims."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from madang.core.protocol.dcql.credential import Credential, fit
from madang.core.protocol.dcql.model import CredentialQuery, CredentialSetQuery, DcqlQuery
from madang.core.protocol.dcql.path import ClaimsPath

Option: TypeAlias = tuple[str, ...]
"""Ids of credential queries that together answer one need."""


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential in the wallet under the wallet's own handle.

    Hand over the copies of one presentation set only, so that every answer uses one holder key.
    """

    handle: str
    credential: Credential


@dataclass(frozen=True, slots=True)
class Candidate:
    """A held credential that fits, and the least claims to disclose."""

    handle: str
    paths: tuple[ClaimsPath, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a wallet can answer.

    Attributes:
        candidates: per query id every credential that fits, in the order they were held.
        chosen: the query ids to answer: all of them, or the first possible option of each
            required credential set.
        optional: per optional credential set its possible options; send one only on request.
        unmet: per need that nothing satisfies, the options that would have.
        required: the options of each need that has to be met.
    """

    candidates: Mapping[str, tuple[Candidate, ...]]
    chosen: tuple[str, ...]
    optional: tuple[tuple[Option, ...], ...]
    unmet: tuple[tuple[Option, ...], ...]
    required: tuple[tuple[Option, ...], ...] = ()

    @property
    def satisfied(self) -> bool:
        """Whether an answer may be sent at all (section 6.4.2)."""
        return not self.unmet

    def accepts(self, answered: Collection[str]) -> bool:
        """Tell whether these query ids, answered by what fits, meet every need."""
        return all(
            any({*answered}.issuperset(option) for option in options) for options in self.required
        )

    def answer(self) -> dict[str, Candidate]:
        """Return the first candidate of each chosen query; nothing when a need is unmet."""
        if not self.satisfied:
            return {}
        return {query_id: self.candidates[query_id][0] for query_id in self.chosen}


def match(query: DcqlQuery, held: Sequence[HeldCredential]) -> Selection:
    """Select credentials and claims for a query (OpenID4VP 1.0 section 6.4)."""
    candidates = {asked.id: _candidates(asked, held) for asked in query.credentials}
    possible = {query_id for query_id, found in candidates.items() if found}
    needs = _needs(query)
    chosen: dict[str, None] = {}
    unmet = []
    required = tuple(need.options for need in needs if need.required)
    for options in required:
        option = next((option for option in options if possible.issuperset(option)), None)
        if option is None:
            unmet.append(options)
        chosen.update(dict.fromkeys(option or ()))
    optional = [
        tuple(option for option in need.options if possible.issuperset(option))
        for need in needs
        if not need.required
    ]
    return Selection(candidates, tuple(chosen), tuple(optional), tuple(unmet), required)


def _needs(query: DcqlQuery) -> tuple[CredentialSetQuery, ...]:
    if query.credential_sets is not None:
        return query.credential_sets
    return tuple(CredentialSetQuery(options=((asked.id,),)) for asked in query.credentials)


def _candidates(asked: CredentialQuery, held: Sequence[HeldCredential]) -> tuple[Candidate, ...]:
    fits = ((item.handle, fit(asked, item.credential)) for item in held)
    return tuple(Candidate(handle, found.paths) for handle, found in fits if not found.misfits)
