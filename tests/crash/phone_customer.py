"""A customer on a real telephone: logs in, listens, keys an order, confirms it, loses the line.

Every call has a caller number and a quantity of its own, so that its record and its order are
known apart. What was heard is kept, to be compared with what was true. Not here: who ends calls.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from twisted.internet import reactor
from twisted.internet.task import deferLater

from gateway.sip.softphone import CallFailed, PhoneCall, Softphone
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop

DNIS: Final = "95500"
SYMBOL: Final = "600036"
PRICE: Final = "41.20"
REDIAL_S: Final = 0.5
REDIALS_MAX: Final = 120


@dataclass
class CustomerCall:
    """One call, as its caller remembers it."""

    ani: str
    qty: int
    line: PhoneCall
    is_confirmed: bool = False  # 1 was pressed after a read-back
    heard: bytes = field(default=b"", repr=False)


class PhoneCustomer:
    """One account, one call after the other."""

    def __init__(self, phone: Softphone, account_no: str, pin: str, numbers: Iterator[int]) -> None:
        """`numbers` counts the calls of all customers."""
        self.account_no, self._pin = account_no, pin
        self._phone, self._numbers = phone, numbers
        self.calls: list[CustomerCall] = []

    async def dial(self, sip_port: int) -> CustomerCall:
        """Call until somebody answers: a gateway that has just come back may still refuse."""
        number = next(self._numbers)
        ani = f"+8613700{number:06d}"
        uri = Uri("sip", user=DNIS, host="127.0.0.1", port=sip_port)
        peer = Hop(uri.host, sip_port)
        for _ in range(REDIALS_MAX):
            try:
                line = await self._phone.dial(uri, ani, peer)
            except CallFailed:
                await deferLater(reactor, REDIAL_S)
                continue
            self.calls.append(CustomerCall(ani, 100 * number, line))
            return self.calls[-1]
        raise AssertionError(f"{self.account_no} was not answered {REDIALS_MAX} times")

    async def ask(self, sip_port: int) -> None:
        """Log in, listen to what is said first, hang up."""
        call = await self.dial(sip_port)
        await call.line.press(f"{self.account_no}#{self._pin}#")
        await call.line.wait_for_prompt_end()
        await self.leave(call)

    async def reach_confirmation(self, sip_port: int) -> CustomerCall:
        """Key an order ahead and listen to its read-back; may end early when the line drops."""
        call = await self.dial(sip_port)
        order = f"1{SYMBOL}{PRICE.replace('.', '*')}#{call.qty}#"
        try:
            await call.line.press(f"{self.account_no}#{self._pin}#{order}")
            await call.line.wait_for_prompt_end()
        except CallFailed:
            assert call.line.is_over
        return call

    async def confirm(self, call: CustomerCall, after_s: float, hang_up_s: float | None) -> None:
        """Press 1 after a while; hang up so long after it, or listen to what becomes of it."""
        await deferLater(reactor, after_s)
        if call.line.is_over:
            return
        call.is_confirmed = True
        if hang_up_s is not None:
            reactor.callLater(hang_up_s, call.line.hangup)
        try:
            await call.line.press("1")
        except CallFailed:
            assert call.line.is_over

    async def leave(self, call: CustomerCall) -> None:
        """Put the receiver down, remember what was heard."""
        call.heard = await call.line.end()
