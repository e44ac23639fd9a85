"""FIX messages of a venue as tag lists, valid unless a test overrides or removes a field."""

from typing import Any

Fields = list[tuple[str, Any]]


def a_report(cl_ord_id: str = "261123000001", **other: Any) -> Fields:
    """Return the body of an ExecutionReport(8): 100 of 600000 filled at 10.05.

    Keyword `_54="9"` sets tag 54, `_54=None` leaves it out.
    """
    body: dict[str, Any] = {
        "6": "10.05",
        "11": cl_ord_id,
        "14": 100,
        "17": f"E-{cl_ord_id}",
        "31": "10.05",
        "32": 100,
        "37": f"V-{cl_ord_id}",
        "38": 100,
        "39": "2",
        "44": "10.05",
        "54": "1",
        "55": "600000",
        "60": "20261123-02:00:00.123",
        "150": "F",
        "151": 0,
    }
    return with_changes(body, other)


def a_cancel_reject(**other: Any) -> Fields:
    """Return the body of an OrderCancelReject(9)."""
    body: dict[str, Any] = {
        "11": "261123000002",
        "37": "V-1",
        "39": "2",
        "41": "261123000001",
        "58": "too late",
        "102": 0,
        "434": 1,
    }
    return with_changes(body, other)


def with_changes(body: dict[str, Any], other: dict[str, Any]) -> Fields:
    """Apply `_tag=value` keywords; None removes the field."""
    body |= {name.removeprefix("_"): value for name, value in other.items()}
    return [(tag, value) for tag, value in body.items() if value is not None]


def as_dict(body: Fields, kind: str, number: int = 7) -> dict[str, str]:
    """Return a body as fix.fields.split would, with MsgType(35) and MsgSeqNum(34)."""
    return {"35": kind, "34": str(number)} | {tag: str(value) for tag, value in body}
