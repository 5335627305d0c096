"""The made-up register of an installation: drawn once, the same after every start."""

from datetime import UTC, date, datetime

from issuer.settings import Settings
from issuer.sources.median_income import parse_median_income
from issuer.sources.synthetic.generator import generate
from issuer.sources.synthetic.population import City
from issuer.sources.synthetic.register import SyntheticRegister
from madang.core.catalog.certificate_type import LANGUAGES
from madang.core.encoding import strict_json
from madang.infra.catalogue import Catalogue
from madang.infra.clock import Clock
from madang.infra.files import write_whole


def stored_register(settings: Settings, catalogue: Catalogue, clock: Clock) -> SyntheticRegister:
    """Return the register of `<state>/issuer/register.json`, which is written at the first start.

    The file holds seed, size and reference day: everything else follows from them.
    """
    path = settings.state_dir / "issuer" / "register.json"
    if not path.exists():
        today = datetime.fromtimestamp(clock.now(), UTC).date()
        plan = {
            "seed": settings.register_seed,
            "households": settings.register_households,
            "reference_day": today.isoformat(),
        }
        write_whole(path, strict_json.dumps(plan).encode())
    plan = strict_json.loads(path.read_bytes())
    facts = settings.catalog_dir / "facts" / "median_income.csv"
    median = parse_median_income(facts.read_bytes(), facts.name)
    cities = [City(t.id, t.names[LANGUAGES[0]], t.region_code) for t in catalogue.tenants]
    day = date.fromisoformat(plan["reference_day"])
    population = generate(plan["seed"], day, cities, median, plan["households"])
    return SyntheticRegister(population, median)
