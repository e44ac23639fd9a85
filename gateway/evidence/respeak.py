"""The read-back of an order spoken anew: from what was accepted, not from what was said.

Its words must be those the caller heard before confirming. Not here: recordings.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from gateway.ivr.call_record import CallRecord
from gateway.media import g711, sound
from gateway.media.prompts import PromptBook
from gateway.media.speech import Code, Name, Price, Qty, Value, measure_of
from gateway.media.voice import Voice, text_of
from risk.domain.enums import Language, Side
from risk.domain.events import OrderAccepted
from risk.domain.instrument import Instrument

READBACKS: Final = {Side.BUY: "order.readback_buy", Side.SELL: "order.readback_sell"}


def readback_values(
    order: OrderAccepted, listing: Instrument, language: Language
) -> dict[str, Value]:
    """Return what the slots of a read-back are filled with."""
    return {
        "security": Name(listing.name_zh if language is Language.ZH else listing.name_en),
        "symbol": Code(order.symbol),
        "qty": Qty(order.qty, measure_of(listing.board)),
        "price": Price(order.price_e4),
    }


def readback_text(
    texts: PromptBook, order: OrderAccepted, listing: Instrument, language: Language
) -> str:
    """Return in writing what the read-back of this order says."""
    values = readback_values(order, listing, language)
    return text_of(texts, READBACKS[Side(order.side)], values, language)


async def readback_wav(
    voice: Voice, order: OrderAccepted, listing: Instrument, language: Language
) -> bytes:
    """Return the read-back as a WAV file (PCM 16 bit, 8 kHz). Raises VoiceUnavailable."""
    await voice.prepare()
    values: Mapping[str, Value] = readback_values(order, listing, language)
    name = values["security"]
    assert isinstance(name, Name)
    await voice.prepare_name(name.text, language)
    clips = voice.clips(READBACKS[Side(order.side)], values, language)
    pcm = [g711.decode_alaw(clip.alaw) for clip in clips]
    return sound.write_wav(np.concatenate(pcm))


def heard_readback(record: CallRecord, order: OrderAccepted) -> str | None:
    """Return the read-back the caller heard last before this order was asked for, None if none."""
    asked = [acted.at_ms for acted in record.acted if acted.request_id == order.request_id]
    if not asked:
        return None
    prompt = READBACKS[Side(order.side)]
    heard = [h for h in record.heard if h.prompt == prompt and h.at_ms <= asked[0]]
    return heard[-1].text if heard else None
