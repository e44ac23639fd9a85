import pytest

from gateway.callcenter.introduction import VALUE_CHARS_MAX, introduction
from gateway.sip.desk_port import CallerCard
from risk.domain.enums import Language

CARD = CallerCard("261122-1", "13800138000", "95500", "trading")
DRAFT = {"side_word": "sell", "symbol": "600000", "qty": "200", "price": "10.05"}


@pytest.mark.parametrize(
    ("changed", "language", "display"),
    [
        ({}, Language.ZH, "未验证"),
        ({}, Language.EN, "not verified"),
        (
            {"account_no": "100200300", "is_verified": True},
            Language.EN,
            "verified, account ending 0300",
        ),
        ({"account_no": "100200300", "is_verified": True}, Language.ZH, "已验证 尾号0300"),
        ({"draft": DRAFT}, Language.ZH, "未验证 卖出 600000 200 10.05"),
        ({"draft": {"symbol": "600000"}}, Language.EN, "not verified 600000"),
    ],
)
def test_the_phone_shows_in_the_agents_language_who_calls_and_what_for(
    changed: dict[str, object], language: Language, display: str
) -> None:
    assert introduction(CARD._replace(**changed), language).display == display


def test_headers_say_the_rest_and_leave_out_what_is_not_known() -> None:
    said = introduction(CARD, Language.ZH)
    assert [name for name, _ in said.headers] == [
        "X-Hotline-Call",
        "X-Hotline-Queue",
        "X-Hotline-Dialled",
        "X-Hotline-Language",
        "X-Hotline-Verified",
    ]


def test_a_caller_without_number_is_anonymous() -> None:
    assert introduction(CARD._replace(ani=""), Language.ZH).ani == "anonymous"


def test_nothing_keyed_can_end_a_header_or_make_it_endless() -> None:
    nasty = 'x"\r\nVia: SIP/2.0/UDP evil\\' + "9" * 5_000
    said = introduction(
        CARD._replace(draft={"symbol": nasty}, dnis=nasty, path=(nasty,)), Language.EN
    )
    for text in (said.display, *(value for _, value in said.headers)):
        assert not set(text) & set('"\\\r\n')
        assert len(text) <= VALUE_CHARS_MAX
