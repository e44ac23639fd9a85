"""Settings of the measured web door: every check runs, no limit is reached."""

from typing import Any, Final

UNLIMITED: Final[dict[str, Any]] = {
    "requests_per_ip_s": 1e6,
    "requests_per_ip_burst": 1_000_000,
    "requests_per_login_s": 1e6,
    "requests_per_login_burst": 1_000_000,
}
