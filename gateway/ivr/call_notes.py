"""What happens in one call, written down while it lasts, for its record.

A key that may belong to a secret is never written down. Not here: the record's shape
(gateway.ivr.call_record), where it is kept (gateway.evidence).
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec

from gateway.ivr.call_record import MASK, Acted, CallRecord, Heard, Keyed
from gateway.media.port import LegFigures, Recorded
from gateway.media.rtp import SAMPLE_RATE
from risk.domain.enums import Language

UNANSWERED: Final = "unanswered"  # outcome of what had none when the call ended
LINES_MAX: Final = 10_000  # of each kind: a storm of keys fills no memory
_NS_PER_MS: Final = 1_000_000
SECRET_DIGITS_MIN: Final = 4  # what is shorter and comes again is a choice, not a secret
T = TypeVar("T")


class Spoken(NamedTuple):
    """One prompt of a play: what it says and how long."""

    prompt: str
    text: str
    language: Language
    samples: int


class CallNotes:
    """Notes of one call. Times are taken as they come, from `now_ns`."""

    def __init__(self, first: CallRecord, now_ns: Callable[[], int]) -> None:
        self._first, self._now_ns = first, now_ns
        self._answered_ns = self._ended_ns = 0
        self._path: list[str] = []
        self._heard: list[Heard] = []
        self._playing: list[Heard] = []  # prompts of the play under way, with the offset of each
        self._keyed: list[Keyed] = []
        self._secrets: set[tuple[int, bytes]] = set()  # length and digest: no digits are kept
        self._acted: list[Acted] = []
        self._agent: list[str] = []
        self._recorded: Recorded | None = None
        self.recording = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The states entered so far."""
        return tuple(self._path)

    def answered(self) -> None:
        """The call is taken: offsets count from here."""
        self._answered_ns = self._now_ns()

    def went(self, state: str) -> None:
        """A state was entered."""
        _add(self._path, state)

    def said(self, state: str, prompts: Sequence[Spoken]) -> None:
        """Prompts begin to play, one after the other."""
        self._heard_all()
        at_ms = self._ms(self._now_ns())
        for prompt, text, language, samples in prompts:
            language_name = language.name.lower()
            self._playing.append(Heard(at_ms, state, prompt, text, language_name))
            at_ms += samples * 1000 // SAMPLE_RATE

    def cut(self) -> None:
        """A key, or the end of the call, cuts short what plays; the rest was never heard."""
        now_ms = self._ms(self._now_ns())
        begun = [heard for heard in self._playing if heard.at_ms <= now_ms]
        self._playing = begun
        if begun:
            last = begun.pop()
            begun.append(
                Heard(last.at_ms, last.state, last.prompt, last.text, last.language, now_ms)
            )
        self._heard_all()

    def played(self) -> None:
        """What played has been heard to its end."""
        self._heard_all()

    def _heard_all(self) -> None:
        for heard in self._playing:
            _add(self._heard, heard)
        self._playing = []

    def secret(self, text: str) -> None:
        """This was keyed as a secret: keyed once more, wherever, it is not to be kept either."""
        if len(text) >= SECRET_DIGITS_MIN:
            self._secrets.add((len(text), _digest(text)))

    def pressed(self, state: str, key: str, at_ns: int) -> int:
        """A key was pressed; an empty one is not to be kept.

        Return since when (Unix ns) the last keys were a secret keyed openly, 0 when they were not.
        """
        _add(self._keyed, Keyed(self._ms(at_ns), state, key or MASK))
        for length, digest in self._secrets:
            last = self._keyed[-length:]
            if _digest("".join(keyed.key for keyed in last)) == digest:
                self._keyed[-length:] = [Keyed(each.at_ms, each.state, MASK) for each in last]
                return self._answered_ns + last[0].at_ms * _NS_PER_MS
        return 0

    def asked(self, state: str, action: str, request_id: str, account_no: str) -> Acted:
        """The gateway is asked; `came` tells what came of it, when something does."""
        at_ms = self._ms(self._now_ns())
        acted = Acted(at_ms, state, action, UNANSWERED, request_id, account_no=account_no)
        _add(self._acted, acted)
        return acted

    def came(self, asked: Acted, outcome: str, cl_ord_id: str) -> None:
        """Note what came of a question."""
        came = msgspec.structs.replace(asked, outcome=outcome, cl_ord_id=cl_ord_id)
        self._acted = [came if each is asked else each for each in self._acted]

    def agent(self, text: str) -> None:
        """The call centre told something."""
        _add(self._agent, f"{self._ms(self._now_ns())} {text}")

    def recorded(self, event: Recorded) -> None:
        """The recording is complete."""
        self._recorded = event

    def ended(self) -> None:
        """The call is over."""
        self.cut()
        self._ended_ns = self._now_ns()

    def so_far(self, account_no: str, language: Language) -> CallRecord:
        """Return the record of a call that lasts; empty `account_no`: nobody has logged in."""
        return msgspec.structs.replace(
            self._first,
            account_no=account_no,
            language=language.name.lower(),
            answered_ns=self._answered_ns,
            last_state=self._path[-1] if self._path else "",
            path=self.path,
            heard=(*self._heard, *self._playing),
            keyed=tuple(sorted(self._keyed, key=lambda keyed: keyed.at_ms)),
            acted=tuple(self._acted),
            agent=tuple(self._agent),
            recording=self.recording,
        )

    def record(
        self,
        *,
        account_no: str,
        language: Language,
        close_reason: str,
        ladder: Sequence[str],
        figures: LegFigures,
    ) -> CallRecord:
        """Return the record of a call that is over."""
        recorded = self._recorded
        return msgspec.structs.replace(
            self.so_far(account_no, language),
            ended_ns=self._ended_ns,
            close_reason=close_reason,
            ladder=tuple(ladder),
            figures={name: float(figure) for name, figure in figures._asdict().items()},
            recording_sha256=recorded.sha256 if recorded is not None else "",
            recording_started_ns=recorded.started_ns if recorded is not None else 0,
        )

    def _ms(self, at_ns: int) -> int:
        return max(at_ns - self._answered_ns, 0) // _NS_PER_MS if self._answered_ns else 0


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _add(kept: list[T], line: T) -> None:
    if len(kept) < LINES_MAX:
        kept.append(line)
