"""Call records and cases for tests of the evidence."""

from typing import Any

import msgspec

from gateway.ivr.call_record import Acted, CallRecord, Heard, Keyed

START_NS = 1_795_312_800_000_000_000  # 2026-11-22 10:00 in China


def a_record(**changed: Any) -> CallRecord:
    """Return the record of a call with one order, valid unless changed."""
    record = CallRecord(
        call_no="261122-100000-0001",
        sip_call_id="abc@phone",
        ani="13800138000",
        dnis="95000",
        trunk="carrier",
        account_no="10000001",
        language="zh",
        started_ns=START_NS,
        answered_ns=START_NS + 1_000_000_000,
        ended_ns=START_NS + 61_000_000_000,
        close_reason="remote_bye",
        last_state="main.menu",
        path=("welcome.language", "login.pin", "order.confirm"),
        heard=(
            Heard(0, "welcome.language", "welcome.language", "欢迎", "zh", 900),
            Heard(20_000, "order.confirm", "order.readback_buy", "您委托买入", "zh"),
        ),
        keyed=(Keyed(900, "welcome.language", "1"), Keyed(9_000, "login.pin", "*")),
        acted=(Acted(30_000, "order.submit", "submit_order", "accepted", "phone:1:1"),),
        ladder=("    0.000  <--  INVITE (SDP)",),
    )
    return msgspec.structs.replace(record, **changed)
