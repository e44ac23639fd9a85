import msgspec
import pytest

from gateway.callcenter.settings import CallCenterSettings

LI = {"name": "li", "number": "101", "phone": "1001"}
TRADING = {"name": "trading", "number": "1"}


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"agents": [LI, {**LI, "number": "102", "phone": "1002"}]}, "agent name 'li'"),
        ({"agents": [LI, {**LI, "name": "wang", "number": "102"}]}, "agent phone '1001'"),
        ({"agents": [{**LI, "number": "1"}], "queues": [TRADING]}, "number '1'"),
        ({"queues": [TRADING, {**TRADING, "number": "2"}]}, "queue name 'trading'"),
        ({"queues": [{**TRADING, "hours": ["always"]}]}, "hours must read like"),
        ({"agents": [{**LI, "languages": ["fr"]}]}, "Invalid enum value 'fr'"),
        ({"agents": [{**LI, "number": "*1"}]}, "matching regex"),
        ({"queues": [{**TRADING, "skill": ["x"]}]}, "unknown field `skill`"),
    ],
)
def test_a_wrong_section_is_told_with_its_problem(section: dict[str, object], problem: str) -> None:
    with pytest.raises((msgspec.ValidationError, ValueError), match=problem):
        msgspec.convert(section, CallCenterSettings)


def test_an_empty_section_is_a_gateway_without_agents() -> None:
    assert msgspec.convert({}, CallCenterSettings) == CallCenterSettings()
