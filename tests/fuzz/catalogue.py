"""Files of the catalogue, in the shortest form, as seeds for the parsers of law."""

import json
from pathlib import Path

from madang.core.catalog.parser import FILES

CATALOG = Path(__file__).resolve().parents[2] / "catalog"
FOLDER = "lease"
TENANTS = ("hanbit", "saebyeol")


def short(path: Path) -> bytes:
    """Return a JSON file without its white space."""
    value = json.loads(path.read_bytes())
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


TYPE_FILES = {name: short(CATALOG / "certificates" / FOLDER / name) for name in FILES}
RECORD = json.dumps(json.loads(TYPE_FILES["example.json"])["record"]).encode()
RULE = short(CATALOG / "rules" / "youth_monthly_rent" / "2022.json")
TEXTS = short(CATALOG / "rules" / "youth_monthly_rent" / "texts.json")
FEDERATION = json.dumps(
    {
        "lead": "hanbit",
        "attesters": {FOLDER: ["hanbit"]},
        "purposes": [
            {
                "id": "rent",
                "texts": {"ko": "월세", "en": "rent", "ja": "家賃"},
                "verifiers": ["saebyeol"],
                "asks": {FOLDER: [["deposit_krw"]]},
            }
        ],
    }
).encode()
