"""Templates of config/templates into the texts of a notice; every mistake is found at load.

`<language>/<kind>.sms.txt` is one SMS, `<language>/<kind>.mail.txt` a mail (first line the subject,
then an empty line, then the body), `<language>/mail.html` the frame of the optional HTML part,
`<language>/<kind>.mail.html` a page of its own in place of that frame.
Not here: what is told (notify.plan).
"""

from pathlib import Path
from typing import Any, Final, NamedTuple

import jinja2
from jinja2 import meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notify import phrases
from notify.account_figures import Figures, NameOf, figures
from notify.notices import NoticeKind, Route
from notify.phrases import SecurityNames
from notify.plan import VENUE_TEXT_CHARS_MAX, Facts
from notify.transports.smpp.encoding import PARTS_MAX, TextTooLong, segment
from risk.domain.enums import Channel, Language, OrdStatus, Side, StatementForm
from risk.domain.errors import ConfigError
from risk.domain.service_events import StatementRequested
from risk.domain.statements import StatementFill, StatementOrder, StatementPosition

TEMPLATE_BYTES_MAX: Final = 16 * 1024
SUBJECT_CHARS_MAX: Final = 120
_HTML_FRAME: Final = "mail.html"

_BASIC: Final = frozenset({"firm", "hotline_no", "name", "account_tail", "time", "day"})
_ALWAYS: Final = _BASIC | {"order_no", "cl_ord_id"}
_ORDER: Final = _ALWAYS | {"security", "symbol", "side", "qty"}
PLACEHOLDERS: Final = {
    NoticeKind.FILLED: _ORDER | {"price", "amount", "fees", "cum_qty", "leaves_qty", "is_open"},
    NoticeKind.FILL_BUSTED: _ORDER | {"price", "amount", "cum_qty", "leaves_qty", "is_open"},
    NoticeKind.ORDER_REJECTED: _ORDER | {"price", "reason"},
    NoticeKind.ORDER_CANCELED: _ORDER | {"cum_qty", "was_filled"},
    NoticeKind.ORDER_EXPIRED: _ORDER | {"cum_qty", "was_filled"},
    NoticeKind.CANCEL_REJECTED: _ALWAYS | {"reason"},
    NoticeKind.ALERT_FIRED: _BASIC
    | {"security", "symbol", "price", "threshold", "unit", "is_above", "is_repeating"},
    NoticeKind.PIN_CHANGED: _BASIC,
    NoticeKind.STATEMENT: _BASIC
    | {"cash", "frozen", "free", "withdrawable", "market_value", "total", "is_cut"}
    | {"position_count", "order_count", "fill_count", "bought", "sold", "fees"}
    | {"positions", "orders", "fills"},
}
_HTML_PLACEHOLDERS: Final = frozenset({"firm", "hotline_no", "subject", "paragraphs"})


class Text(NamedTuple):
    """What one route sends; `subject` and `html` are empty for SMS."""

    subject: str
    text: str
    html: str


class House(NamedTuple):
    """Who signs: the firm's name in both languages and the number customers call back."""

    firm_zh: str
    firm_en: str
    hotline_no: str


class Templates:
    """All templates of a folder, checked. Raises ConfigError that names the file and the remedy."""

    def __init__(self, folder: Path, house: House, sms_parts_max: int) -> None:
        self._folder = folder
        self._house = house
        self._plain = ImmutableSandboxedEnvironment(
            undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._marked_up = ImmutableSandboxedEnvironment(
            undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._texts: dict[tuple[Language, NoticeKind, Route], jinja2.Template] = {}
        self._frames: dict[Language, jinja2.Template] = {}
        self._pages: dict[tuple[Language, NoticeKind], jinja2.Template] = {}
        for language in Language:
            self._load(language)
        self._check(sms_parts_max)

    def render(
        self, facts: Facts, route: Route, language: Language, name: str, name_of: NameOf
    ) -> Text:
        """Return the texts of a notice for one route."""
        values = self._values(facts, language, name, name_of)
        wanted = PLACEHOLDERS[facts.kind]
        values = {key: value for key, value in values.items() if key in wanted}
        text = self._texts[language, facts.kind, route].render(values)
        if route is Route.SMS:
            return Text("", "".join(text.split("\n")).strip(), "")
        subject, _, body = text.partition("\n")
        page = self._pages.get((language, facts.kind))
        if page is not None:
            html = page.render(values | {"subject": subject.strip()})
        else:
            html = self._html(language, subject, body)
        return Text(subject.strip(), body.strip() + "\n", html)

    def _html(self, language: Language, subject: str, body: str) -> str:
        frame = self._frames.get(language)
        if frame is None:
            return ""
        paragraphs = [part.strip().split("\n") for part in body.strip().split("\n\n")]
        return frame.render(
            firm=self._firm(language),
            hotline_no=self._house.hotline_no,
            subject=subject.strip(),
            paragraphs=paragraphs,
        )

    def _firm(self, language: Language) -> str:
        return self._house.firm_zh if language is Language.ZH else self._house.firm_en

    def _values(self, facts: Facts, language: Language, name: str, name_of: NameOf) -> Figures:
        is_cancel = facts.kind is NoticeKind.CANCEL_REJECTED
        names = name_of(facts.symbol) if facts.symbol else None
        values: Figures = {
            "firm": self._firm(language),
            "hotline_no": self._house.hotline_no,
            "name": name,
            "account_tail": phrases.account_tail(facts.account_no),
            "time": phrases.moment(language, facts.at_ns),
            "day": phrases.day(language, facts.at_ns),
            "order_no": str(facts.order_no),
            "cl_ord_id": facts.cl_ord_id,
            "security": phrases.security(language, facts.symbol, names),
            "symbol": facts.symbol,
            "side": phrases.SIDES[language, facts.side],
            "qty": phrases.quantity(language, facts.qty),
            "price": phrases.price(facts.price_e4),
            "amount": phrases.price(facts.amount_e4),
            "fees": phrases.price(facts.fees_e4),
            "cum_qty": phrases.quantity(language, facts.cum_qty),
            "leaves_qty": phrases.quantity(language, facts.leaves_qty),
            "is_open": facts.leaves_qty > 0,
            "was_filled": facts.cum_qty > 0,
            "reason": phrases.reject_reason(
                language, is_cancel, facts.reject_reason, facts.venue_text
            ),
            "threshold": phrases.price(facts.threshold_e4),
            "unit": phrases.price_unit(language, facts.symbol),
            "is_above": facts.is_above,
            "is_repeating": facts.is_repeating,
        }
        if facts.statement is not None:
            values |= figures(facts.statement, language, name_of)
        return values

    def _load(self, language: Language) -> None:
        folder = self._folder / language.name.lower()
        for kind, known in PLACEHOLDERS.items():
            for route in Route:
                file = folder / f"{kind}.{route.name.lower()}.txt"
                self._texts[language, kind, route] = _template(self._plain, file, known)
            page = folder / f"{kind}.{_HTML_FRAME}"
            if page.exists():
                known = known | {"subject"}
                self._pages[language, kind] = _template(self._marked_up, page, known)
        frame = folder / _HTML_FRAME
        if frame.exists():
            self._frames[language] = _template(self._marked_up, frame, _HTML_PLACEHOLDERS)

    def _check(self, sms_parts_max: int) -> None:
        """Render every template with the longest and the emptiest figures."""
        for language, kind, route in self._texts:
            file = str(self._folder / language.name.lower() / f"{kind}.{route.name.lower()}.txt")
            for facts in (_longest(kind), _longest(kind)._replace(leaves_qty=0, cum_qty=0)):
                try:
                    text = self.render(facts, route, language, "长" * 12, _longest_names)
                except jinja2.TemplateError as e:
                    raise ConfigError(file, f"cannot be rendered: {e.message}") from e
                if route is Route.SMS:
                    _check_parts(file, text.text, sms_parts_max)
                elif not 0 < len(text.subject) <= SUBJECT_CHARS_MAX:
                    raise ConfigError(
                        file,
                        f"its first line must be a subject of 1 to {SUBJECT_CHARS_MAX} "
                        f"characters, was {len(text.subject)}",
                    )


def _check_parts(file: str, text: str, parts_max: int) -> None:
    """The phone bill depends on it."""
    try:
        part_count = len(segment(text, reference=0).parts)
    except TextTooLong:
        part_count = PARTS_MAX + 1
    if part_count > parts_max:
        raise ConfigError(
            file,
            f"may fill {parts_max} SMS parts, its longest text fills {part_count} or more "
            f"({len(text)} characters): shorten it or raise sms.parts_max",
        )


def _template(environment: Any, file: Path, known: frozenset[str]) -> jinja2.Template:
    """Read and compile one template; unknown placeholders and wrong syntax are told here."""
    try:
        raw = file.read_bytes()
    except OSError as e:
        raise ConfigError(str(file), f"cannot be read ({e.strerror}): every kind has one") from e
    if len(raw) > TEMPLATE_BYTES_MAX:
        raise ConfigError(str(file), f"may have {TEMPLATE_BYTES_MAX} bytes, was {len(raw)}")
    try:
        source = raw.decode("utf-8")
        unknown = meta.find_undeclared_variables(environment.parse(source)) - known
        if unknown:
            raise ConfigError(
                str(file),
                f"{{{{ {min(unknown)} }}}} is not a placeholder of this text; "
                f"known are {', '.join(sorted(known))}",
            )
        template: jinja2.Template = environment.from_string(source)
    except UnicodeDecodeError as e:
        raise ConfigError(str(file), "must be UTF-8") from e
    except jinja2.TemplateSyntaxError as e:
        raise ConfigError(str(file), f"line {e.lineno}: {e.message}") from e
    return template


def _longest_names(_symbol: str) -> SecurityNames:
    return SecurityNames("证券简称八个字吗", "Long Security Name Ltd")


def _longest(kind: NoticeKind) -> Facts:
    return Facts(
        kind=kind,
        account_no="888888888888",
        cl_ord_id="261222888888",
        order_no=888888,
        at_ns=1_798_000_000_000_000_000,
        symbol="688888",
        side=Side.SELL,
        qty=88_888_888,
        price_e4=88_888_888,
        cum_qty=88_888_888,
        leaves_qty=88_888_888,
        fees_e4=888_888_888_800,
        amount_e4=8_888_888_888_888_800,
        reject_reason=99,
        venue_text="不" * VENUE_TEXT_CHARS_MAX,
        threshold_e4=88_888_888,
        is_repeating=True,
        statement=_LONGEST_STATEMENT if kind is NoticeKind.STATEMENT else None,
    )


_MONEY_E4: Final = 8_888_888_888_888_800
_LONGEST_STATEMENT: Final = StatementRequested(
    at_ns=1_798_000_000_000_000_000,
    request_id="",
    account_no="888888888888",
    form=StatementForm.MAIL,
    channel=Channel.PHONE,
    branch_code="",
    trace_id="",
    cash_e4=_MONEY_E4,
    frozen_e4=_MONEY_E4,
    free_e4=_MONEY_E4,
    withdrawable_e4=_MONEY_E4,
    market_value_e4=_MONEY_E4,
    position_count=8_888,
    order_count=8_888,
    fill_count=8_888,
    bought_e4=_MONEY_E4,
    sold_e4=_MONEY_E4,
    fees_e4=888_888_888_800,
    positions=(StatementPosition("688888", 88_888_888, 88_888_888, _MONEY_E4, 88_888_888),),
    orders=(
        StatementOrder(
            888_888, "688888", Side.SELL, 88_888_888, 8_888, 88_888_888, OrdStatus.NEW, 1
        ),
    ),
    fills=(StatementFill(888_888, "688888", Side.SELL, 88_888_888, 88_888_888, 8_888_800, 1),),
)
