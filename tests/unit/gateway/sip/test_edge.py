"""The edge as one: built from settings and password files, or refused with the remedy."""

import itertools
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from gateway.sip.edge import Edge
from gateway.sip.edge_settings import PhoneSettings
from gateway.sip.settings import SipSettings
from risk.domain.errors import ConfigError
from tests.builders.dialler import an_exit
from tests.builders.sip import MemoryTransport, tokens


def _edge(folder: Path, clock: Clock | None = None, **settings: object) -> Edge:
    numbers = itertools.count(1)
    return Edge(
        SipSettings(**settings),  # type: ignore[arg-type]
        MemoryTransport(),
        clock or Clock(),
        lambda call: None,
        folder=folder,
        new_token=tokens(),
        new_call_no=lambda: f"call-{next(numbers)}",
        random_below=lambda below: 0,
    )


def test_without_phones_there_is_no_registrar(tmp_path: Path) -> None:
    assert _edge(tmp_path).registrar is None


def test_passwords_come_from_their_files(tmp_path: Path) -> None:
    (tmp_path / "agent1").write_text("密码 one \r\n# a comment\n")
    (tmp_path / "trunk").write_text("two")
    phones = (PhoneSettings(username="agent1", password_file="agent1"),)
    trunk = an_exit("a", username="us", password_file=str(tmp_path / "trunk"))
    edge = _edge(tmp_path, phones=phones, trunks=(trunk,))
    assert edge.registrar is not None
    assert edge.registrar.has("agent1")
    assert next(iter(edge.trunks)).password == "two"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read"),
        (b"", "one line"),
        (b"\npassword", "one line"),
        (b"x" * 1025, "one line"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_password_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    phones = (PhoneSettings(username="agent1", password_file="secret"),)
    with pytest.raises(ConfigError, match=problem) as refused:
        _edge(tmp_path, phones=phones)
    assert refused.value.path == "sip.phones.agent1.password_file"
    assert "xxx" not in str(refused.value)


def test_a_stop_leaves_no_timer_behind(tmp_path: Path) -> None:
    clock = Clock()
    edge = _edge(tmp_path, clock, trunks=(an_exit("a", ping_s=10.0),))
    edge.start()
    edge.stop()
    clock.pump([1.0] * 60)
    assert clock.getDelayedCalls() == []
