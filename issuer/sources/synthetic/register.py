"""The register's port over a made-up population."""

from collections.abc import Collection
from datetime import date

from issuer.sources.median_income import MedianIncomeTable
from issuer.sources.model import IdentityEvidence, PersonId, Record, UnknownPersonError
from issuer.sources.synthetic.generator import residents
from issuer.sources.synthetic.population import Household, Population, Resident
from issuer.sources.synthetic.records import GROUPS, record


class SyntheticRegister:
    """Implements ``issuer.sources.model.Register`` in memory; nothing in it ever changes."""

    def __init__(self, population: Population, median: MedianIncomeTable) -> None:
        self._median = median
        self._people: dict[tuple[str, PersonId], tuple[Household, Resident]] = {}
        self._documents: dict[tuple[str, str], Resident] = {}
        for household, resident in residents(population):
            tenant = household.city.tenant
            self._people[tenant, resident.id] = (household, resident)
            self._documents[tenant, resident.document_number] = resident

    def identify(self, tenant: str, evidence: IdentityEvidence) -> PersonId | None:
        """Return whom the evidence names, or None when any part of it does not agree."""
        number = "".join(evidence.document_number.split()).upper()
        resident = self._documents.get((tenant, number))
        if resident is None:
            return None
        same = (resident.name, resident.birthdate) == (evidence.name.strip(), evidence.birthdate)
        return resident.id if same else None

    def record(
        self,
        tenant: str,
        person: PersonId,
        day: date,
        groups: Collection[str] = GROUPS.keys(),
    ) -> Record:
        """Return what the register says of a person on a day, in these groups and no others.

        Raises:
            UnknownPersonError: the municipality's register has no such person.
        """
        if (tenant, person) not in self._people:
            raise UnknownPersonError(tenant)
        household, resident = self._people[tenant, person]
        return record(household, resident, day, self._median, groups)

    def residents(self, tenant: str) -> tuple[Resident, ...]:
        """Return a municipality's residents by id: for demonstrations, not part of the port."""
        own = (resident for (of, _), (_, resident) in self._people.items() if of == tenant)
        return tuple(sorted(own, key=lambda resident: resident.id))
