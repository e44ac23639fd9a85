"""The registrar against a naive list of rows, over random REGISTERs and time steps."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sip.errors import SipError
from tests.builders.registrar import Office

MIN_S, MAX_S, CONTACTS_MAX = 30, 100, 2
URIS = ("sip:a@192.0.2.1", "sip:b@192.0.2.1:5062", "sip:a@198.51.100.7")

CONTACT = st.tuples(st.sampled_from(URIS), st.sampled_from([None, 0, 10, 30, 60, 5000]))
REGISTER = st.tuples(
    st.sampled_from(["agent1", "agent2"]),
    st.one_of(st.just("*"), st.lists(CONTACT, max_size=3)),
    st.sampled_from([None, 0, 20, 45, 300]),  # Expires
    st.integers(1, 5),  # CSeq
    st.sampled_from(["one", "two"]),  # Call-ID
)
STEP = st.one_of(REGISTER, st.sampled_from([1.0, 29.5, 31.0, 100.0]))


@dataclass
class Row:
    name: str
    uri: str
    call_id: str
    cseq: int
    ends_s: float


class Refused(Exception):
    """Carries the status."""


class Oracle:
    """Rows in the order they were last written; everything is looked up by walking them."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.rows: list[Row] = []

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.rows = [row for row in self.rows if row.ends_s > self.now_s]

    def register(
        self,
        name: str,
        contacts: str | list[tuple[str, int | None]],
        expires: int | None,
        cseq: int,
        call_id: str,
    ) -> None:
        rows = [Row(**vars(row)) for row in self.rows]
        if contacts == "*":
            if expires != 0:
                raise Refused(400)
            contacts = [(row.uri, 0) for row in rows if row.name == name]
        elif len(contacts) > CONTACTS_MAX:
            raise Refused(403)
        for uri, own in contacts:
            assert not isinstance(uri, int)
            asked = own if own is not None else expires if expires is not None else MAX_S
            assert isinstance(asked, int)
            if 0 < asked < MIN_S:
                raise Refused(423)
            for row in rows:
                if (row.name, row.uri, row.call_id) == (name, uri, call_id) and cseq <= row.cseq:
                    raise Refused(400)
            rows = [row for row in rows if (row.name, row.uri) != (name, uri)]
            if asked:
                rows.append(Row(name, uri, call_id, cseq, self.now_s + min(asked, MAX_S)))
        mine = [row for row in rows if row.name == name]
        for row in mine[:-CONTACTS_MAX]:
            rows.remove(row)
        self.rows = rows


@settings(max_examples=300)
@given(steps=st.lists(STEP, max_size=25))
def test_the_registrar_keeps_what_a_list_of_rows_keeps(
    steps: list[float | tuple[str, str | list[tuple[str, int | None]], int | None, int, str]],
) -> None:
    office = Office(register_s_min=MIN_S, register_s_max=MAX_S, phone_contacts_max=CONTACTS_MAX)
    oracle = Oracle()
    there: dict[str, bool] = {}
    changes: list[tuple[str, bool]] = []
    for step in steps:
        if isinstance(step, float):
            office.clock.advance(step)
            oracle.wait(step)
        else:
            assert _status(office, step) == _expected(oracle, step)
        for name in ("agent1", "agent2"):
            mine = [row.uri for row in oracle.rows if row.name == name]
            assert office.uris(name) == mine[::-1]
            if bool(mine) != there.get(name, False):
                there[name] = bool(mine)
                changes.append((name, bool(mine)))
    assert sorted(office.changes) == sorted(changes)
    for name in ("agent1", "agent2"):
        mine_of = [change for change in changes if change[0] == name]
        assert [change for change in office.changes if change[0] == name] == mine_of


def _status(
    office: Office, step: tuple[str, str | list[tuple[str, int | None]], int | None, int, str]
) -> int:
    name, contacts, expires, cseq, call_id = step
    texts = [
        f"<{uri}>" + ("" if own is None else f";expires={own}")
        for uri, own in (contacts if isinstance(contacts, list) else [])
    ]
    contact = "*" if contacts == "*" else ", ".join(texts) or None
    rows = () if expires is None else (f"Expires: {expires}",)
    try:
        return office.ask(name, *rows, contact=contact, cseq=cseq, call_id=call_id).status
    except SipError as e:
        return e.status


def _expected(
    oracle: Oracle,
    step: tuple[str, str | list[tuple[str, int | None]], int | None, int, str],
) -> int:
    try:
        oracle.register(*step)
    except Refused as e:
        return int(e.args[0])
    return 200
