"""What the composer offers an agency, and how its form is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import CertificateType, Path, TypeId
from madang.core.encoding.strict_json import Json
from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from verifier.presentations.opening import Opener, PurposeError
from verifier.requests.draft import (
    FORMATS,
    MOST_CLAIMS,
    NEEDS,
    Chosen,
    Draft,
    DraftError,
    Part,
    read_lines,
    read_values,
)

Form = Mapping[str, str | bytes]
_TYPE_CHARS = 500


@dataclass(frozen=True, slots=True)
class Offered:
    """A claim that can be chosen.

    Attributes:
        path: as it stands in the query.
        labels: its name per language.
    """

    path: Path
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TypeOffered:
    """A certificate that can be chosen.

    Attributes:
        id: the catalogue's, the same in each format.
        format: the credential format.
        type: its `vct` or `docType`.
        names: per language.
        claims: those that may be asked.
    """

    id: TypeId
    format: str
    type: str
    names: Mapping[str, str]
    claims: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class Composer:
    """Knows what an agency can choose from."""

    opener: Opener

    def purposes(self, tenant: str, *, now: int) -> dict[str, Mapping[str, str]]:
        """Return the purposes that the municipality is registered for, with their texts."""
        found: dict[str, Mapping[str, str]] = {}
        for each in self.opener.catalogue.federation.purposes:
            try:
                found[each.id] = self.opener.texts(self.opener.purpose(tenant, each.id, now=now))
            except PurposeError:
                continue
        return found

    def may_ask_outside(self, tenant: str) -> bool:
        """Tell whether the municipality may ask what no purpose lists."""
        return tenant in self.opener.outside

    def types(self, tenant: str, purpose: str, *, now: int) -> tuple[TypeOffered, ...]:
        """Return what can be chosen for a purpose; without one, the whole catalogue.

        For a purpose each certificate is there once, in its first format: `query` asks the other.

        Raises:
            PurposeError: the municipality is not registered for the purpose, or names none and
                may not ask outside the registry.
            SnapshotError: no state of the registry is known that may be relied on.
        """
        if purpose:
            asks = self.opener.purpose(tenant, purpose, now=now).asks
            first: dict[TypeId, TypeOffered] = {}
            for each in self._all(asks):
                first.setdefault(each.id, self._limited(each, asks[each.type]))
            return tuple(first.values())
        if not self.may_ask_outside(tenant):
            raise PurposeError("name a registered purpose", "purpose_missing")
        return tuple(self._all(None))

    def query(self, tenant: str, draft: Draft, *, now: int) -> dict[str, Json]:
        """Return the DCQL query of a draft, for a purpose in either format; errors as `types`."""
        query = draft.query()
        if not draft.purpose:
            return query
        return self.opener.in_either_format(tenant, draft.purpose, query, now=now)

    def _limited(self, offered: TypeOffered, paths: tuple[Path, ...]) -> TypeOffered:
        known = {each.path: each for each in offered.claims}
        claims = tuple(known.get(path) or Offered(path, {}) for path in paths)
        return replace(offered, claims=claims)

    def _all(self, only: Mapping[str, object] | None) -> Iterator[TypeOffered]:
        catalogue, addresses = self.opener.catalogue, self.opener.addresses
        for kind in catalogue.types.values():
            vct = catalogue.vct(addresses, kind.id)
            if only is None or vct in only:
                claims = (Offered(claim.path, claim.display) for claim in kind.claims)
                yield TypeOffered(kind.id, SD_JWT_VC, vct, kind.names, tuple(claims))
            doc_type = catalogue.doc_type(kind.id)
            if MSO_MDOC in kind.formats and (only is None or doc_type in only):
                yield self._as_mdoc(kind, doc_type)

    def _as_mdoc(self, kind: CertificateType, doc_type: str) -> TypeOffered:
        domain = self.opener.catalogue.domain
        claims = (
            Offered(tuple(mdoc.element_name(domain, kind, claim.path)), claim.display)
            for claim in mdoc.elementary(kind)
        )
        return TypeOffered(kind.id, MSO_MDOC, doc_type, kind.names, tuple(claims))


def begun(purpose: str, types: tuple[TypeOffered, ...]) -> Draft:
    """Return a new draft: for a purpose all that it lists, to be cut down; else nothing yet."""
    draft = Draft(purpose)
    for each in types if purpose else ():
        claims = tuple(Chosen(claim.path) for claim in each.claims)
        draft = draft.with_part(each.format, each.type, claims=claims)
    return draft


def read_form(form: Form, draft: Draft, types: tuple[TypeOffered, ...]) -> tuple[Draft, str]:
    """Return the draft as the page was sent, and the code of what was typed and makes no claims.

    A certificate for which that was typed keeps the claims that it had.
    """
    parts, problem = [], ""
    for part in draft.parts:
        need = _text(form, f"need-{part.id}")
        read = replace(part, need=need if need in NEEDS else part.need)
        try:
            claims = _read_claims(form, part, offered_for(part, types))
            parts.append(replace(read, claims=claims))
        except DraftError as error:
            parts.append(read)
            problem = problem or error.code
    return replace(draft, parts=tuple(parts)), problem


def offered_for(part: Part, types: tuple[TypeOffered, ...]) -> TypeOffered | None:
    """Return what can be chosen of a certificate; None for one that the catalogue lacks."""
    same = (each for each in types if (each.format, each.type) == (part.format, part.type))
    return next(same, None)


def _read_claims(form: Form, part: Part, offered: TypeOffered | None) -> tuple[Chosen, ...]:
    claims = (
        read_lines(_text(form, f"lines-{part.id}"))
        if offered is None
        else tuple(_checked(form, part.id, offered))
    )
    if len(claims) > MOST_CLAIMS:
        raise DraftError("draft_claims")
    return claims


def _checked(form: Form, part: str, offered: TypeOffered) -> Iterator[Chosen]:
    for number, claim in enumerate(offered.claims):
        if f"claim-{part}-{number}" in form:
            yield Chosen(claim.path, read_values(_text(form, f"values-{part}-{number}")))


def added(form: Form, draft: Draft, types: tuple[TypeOffered, ...]) -> Draft:
    """Return the draft with the certificate that was chosen or typed beside it.

    Raises:
        DraftError: nothing was chosen, or too many certificates are there.
    """
    chosen = _text(form, "add")
    if chosen.isdecimal() and int(chosen) < len(types):
        wanted = types[int(chosen)]
        return draft.with_part(wanted.format, wanted.type)
    typed, format_ = _text(form, "type").strip(), _text(form, "format")
    if draft.purpose or not typed or len(typed) > _TYPE_CHARS or format_ not in FORMATS:
        raise DraftError("draft_type")
    return draft.with_part(format_, typed)


def _text(form: Form, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
