"""Settings of the residents' guide."""

from madang.infra.settings import CommonSettings


class Settings(CommonSettings):
    """What the guide needs beyond what every service has.

    Attributes:
        page_seconds: how long a page may be kept.
    """

    port: int = 8404
    page_seconds: int = 300
