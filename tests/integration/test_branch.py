"""The branch door over real TLS sockets: certificates, limits, reconnects, the reference client."""

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prometheus_client import REGISTRY
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from gateway.branch import wire
from gateway.branch.certificates import make_certificates
from gateway.branch.client import BranchClient, Disconnected, development_identity
from gateway.branch.frames import ANSWER_BYTES_MAX, FrameReader, framed
from gateway.branch.server import BranchDoor
from gateway.branch.settings import BranchSettings
from gateway.journal.memory_storage import MemoryStorage
from risk.domain.errors import ConfigError
from tests.builders.branch import an_order, data_folder, hello
from tests.builders.heart import DAY, Morning, a_fill, a_heart, set_up


class Caller:
    """A branch on a plain blocking socket, in a thread: it may do everything wrong."""

    def __init__(
        self, port: int, name: str | None = "branch_10001", keys: Path | None = None
    ) -> None:
        keys = keys or data_folder() / "keys"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(data_folder() / "keys" / "branch_ca.pem")
        if name is not None:
            context.load_cert_chain(keys / f"{name}.pem", keys / f"{name}.key")
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self._frames = FrameReader(ANSWER_BYTES_MAX)
        self._messages: list[Any] = []

    def say(self, *messages: Any) -> None:
        """Send messages in one piece."""
        self.socket.sendall(framed(wire.encode(message) for message in messages))

    def next(self) -> Any:
        """Return the next message but pushes, None when the connection is closed."""
        while not self._messages:
            data = self.socket.recv(65_536)
            if not data:
                return None
            found = [wire.decode_answer(frame) for frame in self._frames.feed(data)]
            self._messages += [one for one in found if not isinstance(one, wire.OrderEvent)]
        return self._messages.pop(0)

    def greet(self) -> Any:
        """Say hello and return the answer."""
        self.say(hello())
        return self.next()

    def close(self) -> None:
        """Close without a word."""
        self.socket.close()


class DoorTests(TestCase):
    async def setUp(self) -> None:
        """Open a heart and its branch door."""
        self.heart = a_heart(MemoryStorage(), reactor, reactor, Morning())
        await set_up(self.heart)
        self.door = await self.opened()

    async def opened(self, port: int = 0) -> BranchDoor:
        """Return an open door."""
        settings = BranchSettings(
            port=port, connections_max=2, unsent_bytes_max=65_536, in_flight_max=64
        )
        door = BranchDoor(
            settings,
            data_folder(),
            self.heart.sequencer,
            self.heart.queries,
            self.heart.bus,
            reactor,
            Morning(),
        )
        await door.start()
        return door

    async def tearDown(self) -> None:
        """Close door and heart."""
        await self.door.stop()
        await self.heart.lifecycle.close()

    def client(self, branch_code: str = "10001", **changed: Any) -> BranchClient:
        """Return the reference client, stopped at the end of the test."""
        identity = development_identity(data_folder() / "keys", branch_code)
        client = BranchClient(
            reactor, "127.0.0.1", self.door.port, identity, retry_s=0.05, **changed
        )
        self.addCleanup(lambda: Deferred.fromCoroutine(client.stop()))
        return client

    def in_thread(self, work: Any, **how: Any) -> "Deferred[Any]":
        """Run `work(caller)` with a blocking caller in a thread."""

        def run() -> Any:
            caller = Caller(self.door.port, **how)
            try:
                return work(caller)
            finally:
                caller.close()

        return deferToThread(run)


class ReferenceClientTests(DoorTests):
    async def test_orders_queries_and_pushes_of_the_reference_client(self) -> None:
        events: list[wire.OrderEvent] = []
        client = self.client(on_event=events.append)
        welcome = await client.start()
        assert (welcome.branch_code, welcome.day) == ("10001", DAY)
        outcomes = await gatherResults(
            [client.order("10000001", "600000", 1, 100 * n, "10.00") for n in range(1, 11)]
        )
        assert {type(outcome) for outcome in outcomes} == {wire.Accepted}
        listed = await client.orders("10000001")
        assert len(listed.orders) == 10
        cash = await client.cash("10000001")
        assert cash.cash == "1000000.00"
        positions = await client.positions("10000001")
        assert positions.positions[0].qty == 5_000
        assert (await client.quote("600000")).last == "0.00"
        taken = await client.cancel("10000001", outcomes[0].cl_ord_id)
        assert isinstance(taken, wire.CancelTaken)
        order = self.heart.queries.order(outcomes[1].cl_ord_id)
        assert order is not None
        fill = a_fill(order, 2)  # type: ignore[arg-type]  # the fields it needs are there
        await self.heart.sequencer.submit(fill)
        await client.cash("10000001")
        kinds = [event.kind for event in events]
        assert kinds == ["accepted"] * 10 + ["cancel_requested", "filled"]

    async def test_what_has_no_answer_is_sent_again_after_a_reconnect_and_done_once(self) -> None:
        client = self.client()
        await client.start()
        port = self.door.port
        for n in range(40):
            waiting = [client.order("10000001", "600000", 1, 100 * (n + 1), "10.00")]
            if n % 10 == 3:
                for connection in tuple(self.door.connections):
                    connection.transport.abortConnection()
            await gatherResults(waiting)
        assert port == self.door.port
        assert self.heart.book.orders.count == 41

    async def test_the_client_finds_a_door_that_was_closed_and_opened_again(self) -> None:
        client = self.client()
        await client.start()
        port = self.door.port
        await self.door.stop()
        assert client.refused is not None
        assert client.refused.code == "branch.closing"
        waiting = client.order("10000001", "600000", 1, 100, "10.00")
        await self.assertFailure(client.cash("10000001"), Disconnected)
        self.door = await self.opened(port)
        outcome = await waiting
        assert isinstance(outcome, wire.Accepted)

    async def test_a_thousand_pipelined_orders_pass_the_limit_of_unanswered_ones(self) -> None:
        client = self.client()
        await client.start()
        asked = [client.order("10000001", "600000", 1, 100, "10.00") for _ in range(1_000)]
        outcomes = await gatherResults(asked)
        assert [outcome.client_seq for outcome in outcomes] == list(range(1, 1_001))


class CertificateTests(DoorTests):
    async def test_a_certificate_of_another_authority_ends_inside_tls(self) -> None:
        made = TemporaryDirectory()
        self.addCleanup(made.cleanup)
        folder = Path(made.name)
        make_certificates(folder, ["10001"])

        def call(caller: Caller) -> Any:
            return caller.greet()

        await self.assertFailure(
            self.in_thread(call, keys=folder), ssl.SSLError, ConnectionResetError
        )

    async def test_no_certificate_ends_inside_tls(self) -> None:
        await self.assertFailure(
            self.in_thread(lambda caller: caller.greet(), name=None),
            ssl.SSLError,
            ConnectionResetError,
        )

    async def test_the_doors_own_certificate_is_no_branchs(self) -> None:
        await self.assertFailure(
            self.in_thread(lambda caller: caller.greet(), name="branch_server"),
            ssl.SSLError,
            ConnectionResetError,
        )

    async def test_another_branchs_certificate_is_refused_by_name(self) -> None:
        refused = await self.in_thread(lambda caller: caller.greet(), name="branch_20001")
        assert refused.code == "branch.wrong_certificate"

    async def test_plain_tcp_is_no_branch(self) -> None:
        def call() -> bytes:
            with socket.create_connection(("127.0.0.1", self.door.port), timeout=10) as plain:
                plain.sendall(framed([wire.encode(hello())]))
                return plain.recv(100)

        answer = await deferToThread(call)
        assert not answer.startswith(b"\x00")  # a TLS alert or nothing, never a frame

    async def test_a_missing_certificate_file_names_the_setting(self) -> None:
        door = BranchDoor(
            BranchSettings(port=0),
            Path("nowhere"),
            self.heart.sequencer,
            self.heart.queries,
            self.heart.bus,
            reactor,
            Morning(),
        )
        error = await self.assertFailure(Deferred.fromCoroutine(door.start()), ConfigError)
        assert "branch.ca_file: cannot read" in str(error)
        assert "hotline init" in str(error)


class LimitTests(DoorTests):
    async def test_one_connection_too_many_is_refused_and_the_others_stay(self) -> None:
        def call(caller: Caller) -> Any:
            caller.greet()
            second, third = Caller(self.door.port), Caller(self.door.port)
            answers = second.greet(), third.greet(), third.next()
            caller.say(wire.Cash(1, "10000001"))
            still = caller.next()
            second.close()
            third.close()
            return *answers, still

        welcome, refused, end, still = await self.in_thread(call)
        assert isinstance(welcome, wire.Welcome)
        assert refused.code == "branch.too_many_connections"
        assert end is None
        assert isinstance(still, wire.CashState)

    async def test_an_oversized_frame_is_refused_and_the_connection_closed(self) -> None:
        def call(caller: Caller) -> Any:
            caller.greet()
            caller.socket.sendall((1 << 30).to_bytes(4, "big"))
            return caller.next(), caller.next()

        refused, end = await self.in_thread(call)
        assert refused.code == "branch.wire"
        assert "was 1073741824" in refused.text
        assert end is None

    async def test_a_branch_that_does_not_read_is_cut_and_others_notice_nothing(self) -> None:
        def call(caller: Caller) -> None:
            caller.greet()
            caller.socket.settimeout(0.5)
            query = framed([wire.encode(wire.Orders(n, "10000001")) for n in range(200)])
            with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
                for _ in range(400):
                    caller.socket.sendall(query)
            assert self.cut.wait(10), "the slow reader was not cut"

        client = self.client()
        await client.start()
        for n in range(60):
            await client.order("10000001", "600000", 1, 100 * (n + 1), "10.00")
        self.cut = threading.Event()
        looking = LoopingCall(lambda: len(self.door.connections) == 1 and self.cut.set())
        calling = self.in_thread(call)
        while len(self.door.connections) == 1:
            await deferLater(reactor, 0.01)
        looking.start(0.05)
        await calling
        looking.stop()
        cut = REGISTRY.get_sample_value("hotline_branch_cut_total", {"code": "branch.slow_reader"})
        assert cut == 1
        assert isinstance(await client.cash("10000001"), wire.CashState)
        assert len(self.door.connections) == 1

    async def test_a_resend_by_a_plain_socket_gets_the_first_outcome(self) -> None:
        def first(caller: Caller) -> None:
            caller.greet()
            caller.say(an_order(7))

        def again(caller: Caller) -> Any:
            caller.greet()
            caller.say(an_order(7))
            return caller.next()

        await self.in_thread(first)
        outcome = await self.in_thread(again)
        assert isinstance(outcome, wire.Accepted)
        assert outcome.order_no == 1
        assert self.heart.book.orders.count == 2
