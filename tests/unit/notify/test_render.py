"""Texts in both languages, and templates whose mistakes are found at load."""

import shutil
from pathlib import Path

import pytest

from notify.notices import NoticeKind, Route
from notify.phrases import SecurityNames, moment, quantity, reject_reason, security
from notify.plan import Facts, facts_of
from notify.render import House, Templates
from notify.transports.smpp.encoding import segment
from risk.domain.enums import AlertKind, Channel, Language, Side, StatementForm
from risk.domain.errors import ConfigError
from risk.domain.events import CancelRejected, FillBusted
from risk.domain.service_events import AlertFired, PinChanged
from tests.builders.notices import (
    T0_NS,
    TEMPLATES,
    a_cancel,
    a_fill,
    a_rejection,
    a_statement,
    an_accepted,
    the_templates,
)

ZH, EN = Language.ZH, Language.EN
HOUSE = House("热线证券", "Hotline Securities", "95500")
NAMES = SecurityNames("平安银行", "Ping An Bank")


def sms(facts: Facts, language: Language, names: SecurityNames | None = NAMES) -> str:
    return the_templates().render(facts, Route.SMS, language, "张三", lambda _: names).text


A_BUST = FillBusted(
    *a_fill()[:5],
    exec_id="E2",
    exec_ref_id="E1",
    last_qty=100,
    last_px_e4=100_500,
    cum_qty=0,
    leaves_qty=100,
    ord_status=0,
    commission_e4=0,
    stamp_duty_e4=0,
    transfer_fee_e4=0,
    frozen_e4=0,
    fix_session="S",
    msg_seq_num=9,
    order_no=42,
)
AN_ALERT = AlertFired(
    *(T0_NS + 10**9, 3, "10000001", "000001", AlertKind.AT_OR_ABOVE, 101_000, 101_200),
    tick_ns=T0_NS,
    is_repeating=False,
)
A_CANCEL_REJECTION = CancelRejected(
    at_ns=T0_NS,
    cl_ord_id="261122000043",
    orig_cl_ord_id="261122000042",
    account_no="10000001",
    cxl_rej_reason=0,
    text="",
    fix_session="S",
    msg_seq_num=9,
    order_no=42,
    channel=1,
)


@pytest.mark.parametrize(
    ("event", "zh", "en"),
    [
        (
            a_fill(side=Side.SELL, last_qty=12_300, last_px_e4=12_345, leaves_qty=100),
            "【热线证券】尾号0001账户11月22日09:31:05卖出平安银行(000001)成交12300,"
            "价格1.2345元,尚有100未成交。委托编号42。",
            "Hotline Securities: a/c *0001 22 Nov 09:31:05: sell Ping An Bank(000001) filled "
            "12,300 at 1.2345, 100 still open. Order 42.",
        ),
        (
            a_rejection(),
            "【热线证券】您尾号0001的账户买入平安银行(000001)的委托(编号42,数量100,"
            "价格10.05元)未被交易所接受,原因:数量有误。冻结的资金或证券已解冻。",
            "Hotline Securities: a/c *0001: the exchange rejected order 42 (buy 100 Ping An "
            "Bank(000001) at 10.05): incorrect quantity. What was reserved is free again.",
        ),
        (
            a_cancel(cum_qty=100, canceled_qty=200),
            "【热线证券】您尾号0001的账户买入平安银行(000001)的委托(编号42)已于"
            "11月22日09:31:05撤单,撤单数量200,此前已成交100。",
            "Hotline Securities: a/c *0001: order 42 (buy Ping An Bank(000001)) cancelled "
            "22 Nov 09:31:05, quantity 200, 100 filled before.",
        ),
        (
            a_cancel(is_expired=True),
            "【热线证券】您尾号0001的账户买入平安银行(000001)的委托(编号42)当日有效期已过,"
            "未成交数量100已自动失效。",
            "Hotline Securities: a/c *0001: day order 42 (buy Ping An Bank(000001)) expired, "
            "unfilled 100.",
        ),
        (
            A_BUST,
            "【热线证券】重要提示:您尾号0001的账户委托编号42,买入平安银行(000001)成交100,"
            "价格10.05元,该笔成交已被交易所撤销,相应资金和证券已恢复。咨询请拨95500。",
            "Hotline Securities: important: a/c *0001 order 42: the exchange took back the buy "
            "fill of 100 Ping An Bank(000001) at 10.05. Cash and shares are restored. "
            "Call 95500.",
        ),
        (
            A_CANCEL_REJECTION,
            "【热线证券】您尾号0001的账户委托(编号42)的撤单申请未被交易所接受,"
            "原因:撤单过迟。原委托仍按交易所的状态处理。",
            "Hotline Securities: a/c *0001: the exchange did not cancel order 42: too late to "
            "cancel. The order stands as the exchange has it.",
        ),
        (
            AN_ALERT,
            "【热线证券】价格提醒:平安银行(000001)于11月22日09:31:05涨到10.12元,"
            "您设置的提醒价为10.10元。",
            "Hotline Securities: price alert: Ping An Bank(000001) rose to 10.12 at "
            "22 Nov 09:31:05; your alert price is 10.10.",
        ),
        (
            AN_ALERT._replace(kind=AlertKind.AT_OR_BELOW, last_px_e4=99_000, threshold_e4=99_500),
            "【热线证券】价格提醒:平安银行(000001)于11月22日09:31:05跌到9.90元,"
            "您设置的提醒价为9.95元。",
            "Hotline Securities: price alert: Ping An Bank(000001) fell to 9.90 at "
            "22 Nov 09:31:05; your alert price is 9.95.",
        ),
        (
            AN_ALERT._replace(symbol="SH000001", last_px_e4=32_001_500, threshold_e4=32_000_000),
            "【热线证券】价格提醒:平安银行(SH000001)于11月22日09:31:05涨到3200.15点,"
            "您设置的提醒价为3200.00点。",
            "Hotline Securities: price alert: Ping An Bank(SH000001) rose to 3200.15 at "
            "22 Nov 09:31:05; your alert price is 3200.00.",
        ),
        (
            PinChanged(T0_NS + 10**9, "pin:1", "10000001", Channel.PHONE, T0_NS, "call-1"),
            "【热线证券】您尾号0001的资金账户电话交易密码已于11月22日09:31:05修改。"
            "若非本人操作,请立即致电95500。",
            "Hotline Securities: the phone PIN of a/c *0001 was changed 22 Nov 09:31:05. "
            "If it was not you, call 95500 at once.",
        ),
        (
            a_statement(form=StatementForm.SMS),
            "【热线证券】尾号0001账户11月22日09:31:05:可用资金8995.00元,资金余额10000.00元;"
            "持仓2只,市值101800.00元;今日委托1笔,成交1笔,买入1005.00元。",
            "Hotline Securities: a/c *0001 22 Nov 09:31:05: available 8995.00, cash 10000.00; "
            "holdings 2, worth 101800.00; today: orders 1, fills 1, bought 1005.00.",
        ),
    ],
)
def test_sms_texts(event, zh, en) -> None:
    facts = facts_of(event)

    assert facts is not None
    assert facts.cl_ord_id in ("261122000042", "")
    assert sms(facts, ZH) == zh
    assert sms(facts, EN) == en


def test_a_usual_chinese_fill_is_one_sms() -> None:
    assert len(segment(sms(facts_of(a_fill()), ZH), 0).parts) == 1


def test_an_event_that_is_not_told_has_no_facts() -> None:
    assert facts_of(an_accepted()) is None


def test_a_venues_text_is_one_printable_line_of_bounded_length() -> None:
    facts = facts_of(a_rejection(ord_rej_reason=99, text="bad\r\nvalue\0\x1b[31m " + "x" * 99))

    assert facts.venue_text == ("bad value [31m " + "x" * 99)[:40]


@pytest.mark.parametrize(
    ("language", "is_cancel", "reason", "text", "words"),
    [
        (ZH, False, 13, "ignored", "数量有误"),
        (EN, False, 13, "ignored", "incorrect quantity"),
        (ZH, False, 99, "价格超限", "价格超限"),
        (EN, False, 99, "价格超限", "not accepted by the exchange"),
        (EN, False, 99, "price limit", "price limit"),
        (ZH, False, 99, "", "交易所未接受"),
        (EN, True, 0, "", "too late to cancel"),
    ],
)
def test_why_the_venue_said_no(language, is_cancel, reason, text, words) -> None:
    assert reject_reason(language, is_cancel, reason, text) == words


def test_words_for_figures() -> None:
    assert quantity(ZH, 1_234_500) == "1234500"
    assert quantity(EN, 1_234_500) == "1,234,500"
    assert moment(EN, T0_NS) == "22 Nov 09:31:05"
    assert security(ZH, "000001", None) == "000001"
    assert security(EN, "000001", SecurityNames("平安银行", "")) == "000001"


@pytest.mark.parametrize("language", [ZH, EN])
def test_a_statement_by_mail_has_every_row_as_text_and_as_table(language) -> None:
    facts = facts_of(a_statement())
    text = the_templates().render(facts, Route.MAIL, language, "张<三>", lambda _: NAMES)

    figures = ["10000.00", "1005.00", "8995.00", "101800.00", "111800.00", "1234.56", "-200.00"]
    for figure in [*figures, "10.18", "5.01"]:
        assert figure in text.text, figure
        assert f">{figure}<" in text.html or f" {figure}" in text.html, figure
    assert text.html.count("<table") == 4
    assert text.html.count("<tr>") == 6 + 3 + 4  # cash, three heads, and four rows
    assert "张&lt;三&gt;" in text.html
    assert "平安银行(000001)" in text.text or "Ping An Bank(000001)" in text.text
    assert "仅列出" not in text.text
    assert "many rows" not in text.text
    cut = facts_of(a_statement(order_count=500))
    told = the_templates().render(cut, Route.MAIL, language, "张三", lambda _: NAMES)
    assert "仅列出" in told.text or "many rows" in told.text


def test_a_statement_without_rows_says_so() -> None:
    empty = a_statement(position_count=0, order_count=0, fill_count=0)
    empty = empty._replace(positions=(), orders=(), fills=())
    text = the_templates().render(facts_of(empty), Route.MAIL, ZH, "张三", lambda _: None)

    assert text.text.count("  无\n") == 3
    assert text.html.count(">无<") == 3


def test_a_statement_goes_the_way_that_was_asked_for_and_no_other() -> None:
    assert facts_of(a_statement()).only_route is Route.MAIL
    assert facts_of(a_statement(form=StatementForm.SMS)).only_route is Route.SMS
    assert facts_of(AN_ALERT).only_route is None


def test_html_is_escaped() -> None:
    text = the_templates().render(
        facts_of(a_fill()), Route.MAIL, EN, "<script>alert(1)</script>", lambda _: NAMES
    )

    assert "&lt;script&gt;" in text.html
    assert "<script>" not in text.html
    assert "<script>" in text.text


@pytest.fixture
def folder(tmp_path) -> Path:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    return tmp_path / "templates"


@pytest.mark.parametrize(
    ("file", "source", "problem"),
    [
        ("zh/filled.sms.txt", "{{ pirce }}", "pirce }} is not a placeholder"),
        ("zh/filled.sms.txt", "{% if %}", "line 1:"),
        ("zh/filled.sms.txt", "成" * 300, "may fill 3 SMS parts, its longest text fills 5"),
        ("zh/filled.sms.txt", "成" * 3000, "may fill 3 SMS parts, its longest text fills 17"),
        (
            "en/filled.sms.txt",
            "{% if is_open %}a{% else %}{{ qty.nothing }}{% endif %}",
            "cannot be rendered",
        ),
        ("en/order_canceled.mail.txt", "{{ price }}", "price }} is not a placeholder"),
        ("en/filled.mail.txt", "\n\nno subject", "its first line must be a subject"),
        ("en/filled.mail.txt", "s" * 121, "1 to 120 characters, was 121"),
        ("en/mail.html", "{{ body }}", "body }} is not a placeholder"),
        ("en/filled.sms.txt", "x" * 16_385, "may have 16384 bytes, was 16385"),
        ("en/filled.sms.txt", "{{ ().__class__.__mro__ }}", "cannot be rendered"),
        ("en/filled.sms.txt", "{{ qty.nothing }}", "cannot be rendered"),
    ],
)
def test_a_wrong_template_is_named_at_load(folder, file, source, problem) -> None:
    (folder / file).write_text(source, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        Templates(folder, HOUSE, sms_parts_max=3)

    assert caught.value.path == str(folder / file)
    assert problem in caught.value.problem


def test_a_missing_template_is_named_at_load(folder) -> None:
    (folder / "zh" / "filled.sms.txt").unlink()

    with pytest.raises(ConfigError, match=r"filled\.sms\.txt: cannot be read"):
        Templates(folder, HOUSE, 3)


def test_the_html_frame_may_be_left_out(folder) -> None:
    (folder / "zh" / "mail.html").unlink()

    text = Templates(folder, HOUSE, 3).render(
        facts_of(a_fill()), Route.MAIL, ZH, "张三", lambda _: None
    )

    assert text.html == ""


def test_every_kind_has_its_texts() -> None:
    names = {path.name for path in (TEMPLATES / "zh").iterdir()}
    assert names == {path.name for path in (TEMPLATES / "en").iterdir()}
    assert names >= {f"{kind}.{route.name.lower()}.txt" for kind in NoticeKind for route in Route}
    assert len(names) == len(NoticeKind) * len(Route) + 2  # a frame, and the statement's own page
