"""Texts in both languages, and templates whose mistakes are found at load."""

import shutil
from pathlib import Path

import pytest

from notify.notices import NoticeKind, Route
from notify.phrases import SecurityNames, moment, quantity, reject_reason, security
from notify.plan import Facts, facts_of
from notify.render import House, Templates
from notify.transports.smpp.encoding import segment
from risk.domain.enums import Language, Side
from risk.domain.errors import ConfigError
from risk.domain.events import CancelRejected, FillBusted
from tests.builders.notices import (
    T0_NS,
    TEMPLATES,
    a_cancel,
    a_fill,
    a_rejection,
    an_accepted,
    the_templates,
)

ZH, EN = Language.ZH, Language.EN
HOUSE = House("热线证券", "Hotline Securities", "95500")
NAMES = SecurityNames("平安银行", "Ping An Bank")


def sms(facts: Facts, language: Language, names: SecurityNames | None = NAMES) -> str:
    return the_templates().render(facts, Route.SMS, language, "张三", names).text


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
    ],
)
def test_sms_texts(event, zh, en) -> None:
    facts = facts_of(event)

    assert facts is not None
    assert facts.cl_ord_id == "261122000042"
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


def test_html_is_escaped() -> None:
    text = the_templates().render(
        facts_of(a_fill()), Route.MAIL, EN, "<script>alert(1)</script>", NAMES
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

    text = Templates(folder, HOUSE, 3).render(facts_of(a_fill()), Route.MAIL, ZH, "张三", None)

    assert text.html == ""


def test_every_kind_has_its_texts() -> None:
    names = {path.name for path in (TEMPLATES / "zh").iterdir()}
    assert names == {path.name for path in (TEMPLATES / "en").iterdir()}
    assert len(names) == len(NoticeKind) * len(Route) + 1
