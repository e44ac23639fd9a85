"""Price alerts and statements as plain loops over dictionaries: slow, obvious, independent.

A price is tried against every alert of its symbol. Money and prices in e4 units.
"""

from dataclasses import dataclass

from risk.checks.moment import HouseLimits
from risk.domain import commands as c
from risk.domain.fixedpoint import PRICE_E4_MAX
from tests.oracles.decide_state import Account
from tests.oracles.order_rules import BUY, SELL, Listing

Answer = tuple[object, ...]
ABOVE, BELOW = 1, 2


@dataclass
class Alert:
    """One alert; `rearm` is 0 when it fires once."""

    no: int
    account_no: str
    symbol: str
    kind: int
    threshold: int
    rearm: int
    is_armed: bool = True

    def is_reached(self, price: int) -> bool:
        """Whether a price does what the alert waits for."""
        if price <= 0:
            return False
        if self.is_armed:
            return price >= self.threshold if self.kind == ABOVE else price <= self.threshold
        return price <= self.rearm if self.kind == ABOVE else price >= self.rearm


class ServiceLoop:
    """The part of the decide loop that is about alerts and statements."""

    accounts: dict[str, Account]
    listings: dict[str, Listing]
    house: HouseLimits

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.alert_count = 0
        self.statement_ns: dict[str, int] = {}

    def reached(self, prices: dict[str, list[int]]) -> set[int]:
        """Return the numbers of the alerts that one of these prices reaches."""
        return {
            alert.no
            for alert in self.alerts
            for price in prices.get(alert.symbol, ())
            if alert.is_reached(price)
        }

    def _door_problem(self, account_no: str, door: str) -> str:
        account = self.accounts.get(account_no)
        if account is None:
            return "ACCOUNT_UNKNOWN"
        return "NOT_YOUR_ACCOUNT" if door and door != account.branch else ""

    def _SetAlert(self, command: c.SetAlert, now_ns: int) -> list[Answer]:
        reason = self._alert_problem(command)
        if reason:
            return [("denied", reason)]
        self.alert_count += 1
        band = max(command.threshold_e4 // 200, 100)  # half a per cent, at least a fen
        back = -band if command.kind == ABOVE else band
        rearm = max(1, command.threshold_e4 + back) if command.is_repeating else 0
        wanted = command.account_no, command.symbol, command.kind, command.threshold_e4
        self.alerts.append(Alert(self.alert_count, *wanted, rearm))
        return [("alert", self.alert_count, rearm)]

    def _alert_problem(self, command: c.SetAlert) -> str:
        reason = self._door_problem(command.account_no, command.branch_code)
        if reason:
            return reason
        if command.symbol not in self.listings:
            return "SYMBOL_UNKNOWN"
        if command.kind not in (ABOVE, BELOW):
            return "ALERT_KIND_UNKNOWN"
        if not 0 < command.threshold_e4 <= PRICE_E4_MAX:
            return "ALERT_PRICE_NOT_VALID"
        own = [alert for alert in self.alerts if alert.account_no == command.account_no]
        wanted = command.symbol, command.kind, command.threshold_e4
        if wanted in [(alert.symbol, alert.kind, alert.threshold) for alert in own]:
            return "ALERT_EXISTS"
        if len(own) >= self.house.alerts_per_account:
            return "ALERT_LIMIT"
        new = Alert(0, command.account_no, *wanted, 0)
        return "ALERT_REACHED" if new.is_reached(self.listings[command.symbol].last) else ""

    def _own(self, account_no: str, alert_no: int) -> Alert | None:
        found = [a for a in self.alerts if a.no == alert_no and a.account_no == account_no]
        return found[0] if found else None

    def _RemoveAlert(self, command: c.RemoveAlert, now_ns: int) -> list[Answer]:
        reason = self._door_problem(command.account_no, command.branch_code)
        alert = self._own(command.account_no, command.alert_no)
        if reason or alert is None:
            return [("denied", reason or "ALERT_UNKNOWN")]
        self.alerts.remove(alert)
        return [("removed", alert.no)]

    def _FireAlert(self, command: c.FireAlert, now_ns: int) -> list[Answer]:
        alert = self._own(command.account_no, command.alert_no)
        if alert is None or not alert.is_armed or not alert.is_reached(command.last_px_e4):
            return [("denied", "ALERT_UNKNOWN")]
        if alert.rearm:
            alert.is_armed = False
        else:
            self.alerts.remove(alert)
        return [("fired", alert.no, command.last_px_e4)]

    def _RearmAlert(self, command: c.RearmAlert, now_ns: int) -> list[Answer]:
        alert = self._own(command.account_no, command.alert_no)
        if alert is None or alert.is_armed or not alert.is_reached(command.last_px_e4):
            return [("denied", "ALERT_UNKNOWN")]
        alert.is_armed = True
        return [("armed again", alert.no)]

    def _RequestStatement(self, command: c.RequestStatement, now_ns: int) -> list[Answer]:
        reason = self._door_problem(command.account_no, command.branch_code)
        if reason:
            return [("denied", reason)]
        last_ns = self.statement_ns.get(command.account_no)
        if last_ns is not None and now_ns - last_ns < self.house.statement_wait_s * 10**9:
            return [("denied", "STATEMENT_TOO_SOON")]
        self.statement_ns[command.account_no] = now_ns
        account = self.accounts[command.account_no]
        held = {
            symbol: holding.sellable + holding.frozen + holding.today
            for symbol, holding in account.holdings.items()
            if holding.sellable or holding.frozen or holding.today
        }
        prices = {symbol: self.listings[symbol] for symbol in held}
        orders = account.orders
        return [
            (
                "statement",
                account.cash,
                account.free,
                sum(qty * (prices[s].last or prices[s].prev_close) for s, qty in held.items()),
                len(held),
                len(orders),
                sum(len(order.exec_ids) for order in orders),
                sum(order.turnover for order in orders if order.side == BUY),
                sum(order.turnover for order in orders if order.side == SELL),
                sum(sum(order.charged) for order in orders),
            )
        ]
