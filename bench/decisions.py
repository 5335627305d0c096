"""Decisions of the youth monthly rent support, beside a bare kernel that explains nothing."""

from datetime import date
from pathlib import Path
from typing import Any

from bench.measure import Row, rates, row
from madang.core.rules.evaluate import decide
from madang.core.rules.model import CredentialEvidence, Truth
from madang.infra.catalogue import load_catalogue

DAY = date(2026, 11, 23)
CLAIMS: dict[str, dict[str, Any]] = {
    "digital_id": {"birth_year": 1995},
    "resident_register_abstract": {"region_code": "11", "household_size": 1},
    "household_income": {"median_income_at_or_below": {"150": True}},
    "lease": {
        "lessee_is_holder": True,
        "deposit_krw": 50_000_000,
        "rent_krw": 500_000,
        "period": {"from": "2026-01-01", "to": "2027-12-31"},
    },
    "housing_support_none": {
        "housing_benefit": "none",
        "home_ownership": "none",
        "national_rent_support": "none",
        "earlier_rent_support": "none",
    },
}


def bare_kernel() -> bool:
    """Decide the same by hand: no dates of effect, no unknown, no explanation."""
    lease, support = CLAIMS["lease"], CLAIMS["housing_support_none"]
    abstract = CLAIMS["resident_register_abstract"]
    return all(
        (
            1986 <= CLAIMS["digital_id"]["birth_year"] <= 2007,
            abstract["region_code"] == "11",
            abstract["household_size"] == 1,
            CLAIMS["household_income"]["median_income_at_or_below"]["150"],
            lease["lessee_is_holder"],
            lease["deposit_krw"] <= 80_000_000,
            lease["rent_krw"] <= 600_000,
            lease["period"]["from"] <= "2026-11-23" <= lease["period"]["to"],
            all(value == "none" for value in support.values()),
        )
    )


def decision_rows() -> list[Row]:
    """Measure decisions per second of CPU time."""
    catalogue = load_catalogue(Path(__file__).resolve().parents[1] / "catalog")
    rule = catalogue.programmes["youth_monthly_rent"].in_force(DAY)
    evidence = [
        CredentialEvidence(type_id, "https://issuer.example", "valid", claims)
        for type_id, claims in CLAIMS.items()
    ]
    if decide(rule, evidence, day=DAY).outcome is not Truth.YES or not bare_kernel():
        raise RuntimeError("the sample resident does not qualify")
    bound = sorted(rates(bare_kernel))[2]
    found = rates(lambda: decide(rule, evidence, day=DAY))
    name = "eligibility decision with a row per condition"
    return [row(name, found, "/s", ("bare Python, nothing explained", bound))]
