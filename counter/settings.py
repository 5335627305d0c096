"""Settings of the counter."""

from pydantic import Field

from madang.infra.settings import CommonSettings


class Settings(CommonSettings):
    """What the counter needs beyond what every service has; all times in seconds.

    Attributes:
        purpose: the registered purpose under which a clerk asks who somebody is.
        case_seconds: how long after its opening a case is kept.
        cases_shown: most cases in the list.
        utc_offset_hours: of the office's clock.
        field_characters: longest value of a form's field.
        refresh_seconds: how often a page that waits loads itself again.
        sweep_seconds: pause between deletions of what has ended.
    """

    port: int = 8403
    purpose: str = "counter_identification"
    case_seconds: int = Field(default=12 * 3600, ge=60)
    cases_shown: int = Field(default=100, ge=1)
    utc_offset_hours: int = 9
    field_characters: int = Field(default=100, ge=1)
    refresh_seconds: int = Field(default=3, ge=1)
    sweep_seconds: float = 60.0
