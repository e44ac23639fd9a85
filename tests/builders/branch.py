"""The branch door for tests: certificates made once, messages valid by default."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.branch import wire
from gateway.branch.certificates import make_certificates
from tests.builders.heart import DAY

BRANCHES = ("10001", "20001")


@cache
def _folder() -> TemporaryDirectory[str]:
    folder = TemporaryDirectory(prefix="hotline-branch-")
    make_certificates(Path(folder.name) / "keys", BRANCHES)
    return folder


def data_folder() -> Path:
    """Return a data folder with the certificates of BRANCHES, gone when the tests end."""
    return Path(_folder().name)


def hello(branch_code: str = "10001", **changed: object) -> wire.Hello:
    """Return a hello of this version."""
    fields: dict[str, object] = {"version": wire.WIRE_VERSION, "branch_code": branch_code}
    return wire.Hello(**{**fields, **changed})  # type: ignore[arg-type]


def an_order(client_seq: int, account_no: str = "10000001", **changed: object) -> wire.Order:
    """Return an order that the rules accept."""
    fields: dict[str, object] = {
        "day": DAY,
        "client_seq": client_seq,
        "account_no": account_no,
        "symbol": "600000",
        "side": 1,
        "qty": 100 * (client_seq % 50 + 1),
        "price": "10.00",
    }
    return wire.Order(**{**fields, **changed})  # type: ignore[arg-type]
