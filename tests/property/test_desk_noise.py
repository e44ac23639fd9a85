"""The desk with its switch under random noise: phones and callers do anything, in any order.

After all of it no leg, call, ring or timer is left, every ticket has ended exactly once, and while
it lasts no phone has two calls and no caller two partners.
"""

import random
from collections import Counter

from twisted.internet.defer import Deferred

from gateway.sip.calls import CloseReason
from gateway.sip.uri import Uri
from tests.builders.call_desk import DeskRoom, MemoryCall, MemoryLeg

RUNS, STEPS = 400, 40
STATUSES = (0, 404, 408, 480, 486, 488, 500, 503, 603)
PHONES = ("1001", "1002")


class Referral:
    def __init__(self, number: str) -> None:
        self.to = Uri("sip", user=number, host="192.0.2.10")
        self.told: list[int] = []

    def progress(self, status: int) -> None:
        self.told.append(status)


class Noise:
    """One run; every draw is from `rng`."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.room = DeskRoom()
        self.live: dict[str, list[MemoryCall]] = {phone: [] for phone in PHONES}
        self._count = 0
        self.referrals: list[Referral] = []

    def step(self) -> None:
        room, rng = self.room, self.rng
        match rng.randrange(13):
            case 0 | 1 | 2:
                self._count += 1
                room.call(f"c{self._count}", queue=rng.choice(("trading", "complaints", "no")))
            case 3:
                for _, call, _ in self.some_callers():
                    call.close(CloseReason.REMOTE_BYE)
            case 4:
                for _, _, ticket in self.some_callers():
                    ticket.leave()
            case 5:
                room.sign_on(rng.choice(PHONES))
            case 6:
                phone = rng.choice(PHONES)
                room.phones.registered.pop(phone, None)
                room.desk.phone_changed(phone, False)
            case 7 | 8:
                for call in self.some_agents():
                    if not call.is_closed:
                        call.answer()
            case 9:
                for call in self.some_agents():
                    call.close(rng.choice(list(CloseReason)), rng.choice(STATUSES))
            case 10:
                for call in self.some_agents():
                    call.happen("on_hold", rng.random() < 0.5)
            case 11:
                self.press_or_lose()
            case 12:
                self.media_mood()
        if rng.random() < 0.7:
            room.turn(rng.choice((0, 0, 0.5, 3, 25, 90)))
        self.check()

    def some_callers(self) -> list[tuple[MemoryLeg, MemoryCall, object]]:
        callers = list(self.room.callers.values())
        return self.rng.sample(callers, min(len(callers), 1 + self.rng.randrange(2)))

    def some_agents(self) -> list[MemoryCall]:
        calls = list(self.room.phones.calls.values())
        return self.rng.sample(calls, min(len(calls), 1 + self.rng.randrange(2)))

    def press_or_lose(self) -> None:
        for leg in self.room.media.legs[-2:]:
            if leg.is_closed:
                continue
            match self.rng.randrange(4):
                case 0:
                    leg.press(self.rng.choice(("*12#", "*1101#", "*19#", "##*", "123")))
                case 1:
                    self.room.lose_media(leg)
                case 2:
                    self.room.sound(leg)
                case 3:
                    self.referrals.append(Referral(self.rng.choice(("1", "2", "102", "x"))))
                    for call in self.some_agents():
                        if not call.is_closed:
                            call.happen("on_refer", self.referrals[-1])

    def media_mood(self) -> None:
        media = self.room.media
        if media.held_back is not None:
            opening, media.held_back = media.held_back, None
            opening.callback(None)
        elif self.rng.random() < 0.5:
            media.held_back = Deferred()
        else:
            media.is_refusing = not media.is_refusing

    def check(self) -> None:
        room = self.room
        open_calls = Counter(call for call in room.phones.every if not call.is_closed)
        by_phone = Counter(call.call_no for call in open_calls)
        assert all(count == 1 for count in by_phone.values()), by_phone
        partners = [leg.other for leg, _, _ in room.callers.values() if leg.other is not None]
        assert len(partners) == len({id(partner) for partner in partners})
        for leg, call, ticket in room.callers.values():
            if call.is_closed or ticket.end is not None:  # type: ignore[attr-defined]
                continue
            assert (leg.other is None) == bool(leg.heard), "silence, or music over a talk"
        assert len(room.clock.getDelayedCalls()) <= room.desk.timer_count + 2, "a timer of nobody"

    def end(self) -> None:
        room = self.room
        if room.media.held_back is not None:
            room.media.held_back.callback(None)
            room.media.held_back = None
        for _, call, _ in room.callers.values():
            call.close(CloseReason.REMOTE_BYE)
        room.turn(200)
        ends = Counter(call_no for call_no, _ in room.ends)
        assert ends == Counter(list(room.callers)), "a ticket that did not end once"
        room.assert_empty()
        assert room.desk.timer_count == 0
        room.desk.stop()
        assert room.clock.getDelayedCalls() == []


def test_whatever_phones_and_callers_do_nothing_is_left_of_a_call() -> None:
    for seed in range(RUNS):
        noise = Noise(seed)
        noise.room.sign_on(*PHONES)
        for _ in range(STEPS):
            noise.step()
        noise.end()
