"""Prompts of a flow as clips to be played and words to be written down.

Not here: texts (gateway.media.prompts) and sound (gateway.media.voice).
"""

from collections.abc import Mapping, Sequence

from gateway.ivr.call_notes import Spoken
from gateway.ivr.visit import Prompt
from gateway.media.port import Clip
from gateway.media.speech import SLOT_KINDS, Qty, Value
from gateway.media.voice import Voice


class Speech:
    """Turns prompts into sound and words."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def of(self, prompts: Sequence[Prompt], *, is_slow: bool) -> tuple[list[Clip], list[Spoken]]:
        """Return the clips of the prompts and what each of them says."""
        clips: list[Clip] = []
        spoken: list[Spoken] = []
        for prompt in prompts:
            values = self._values(prompt)
            said = self._voice.clips(prompt.key, values, prompt.language, is_slow=is_slow)
            text = self._voice.text(prompt.key, values, prompt.language)
            samples = sum(len(clip.alaw) for clip in said)
            clips += said
            spoken.append(Spoken(prompt.key, text, prompt.language, samples))
        return clips, spoken

    def _values(self, prompt: Prompt) -> dict[str, Value]:
        return {
            slot.name: _value(slot.kind, prompt.values[slot.name], prompt.values)
            for slot in self._voice.book.slots(prompt.key)
        }


def _value(kind: str, raw: object, values: Mapping[str, object]) -> Value:
    """Return the typed value of a slot; a plain quantity takes the order's word of measure."""
    maker = SLOT_KINDS[kind]
    if isinstance(raw, maker):
        return raw
    if kind == "qty":
        assert isinstance(raw, int)
        return Qty(raw, str(values.get("measure", "share")))
    return maker(raw)  # type: ignore[arg-type]  # lint checks kinds and their makers
