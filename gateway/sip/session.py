"""The audio session of one call: offer and answer in both directions, o= versions (RFC 3264).

Sans I/O. Not here: the syntax of SDP (gateway.sip.sdp), the messages that carry it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.media.port import Address, Codec, RtpPeer
from gateway.sip.errors import SdpError, SipError, shown
from gateway.sip.message import Request, Response
from gateway.sip.multipart import KINDS as MULTIPART
from gateway.sip.multipart import sdp_part
from gateway.sip.sdp import (
    CONTENT_TYPE,
    NOWHERE,
    Agreed,
    Direction,
    LocalAudio,
    SessionDescription,
    agree,
    answer_to,
    build_sdp,
    offer_of,
    parse_sdp,
)

CODECS: Final = (Codec.PCMA, Codec.PCMU)


class MediaSession:
    """What both sides agreed on so far. A failed negotiation changes nothing.

    `token` is hexadecimal; the number that names our side in o= lines is made from it.
    """

    def __init__(self, token: str, codecs: Sequence[Codec] = CODECS) -> None:
        self.agreed: Agreed | None = None
        self.awaits_answer = False
        self.owes_answer = False
        self.is_holding = False  # we do not want to hear the far end
        self.offer: SessionDescription | None = None
        self.peer: RtpPeer | None = None  # the far end's audio, None until it has said where
        self._session_id = str(int(token[:12], 16))
        self._codecs = codecs
        self._local: Address | None = None
        self._described: SessionDescription | None = None

    @property
    def is_held(self) -> bool:
        """True while the far end does not want to hear us."""
        return self.agreed is not None and not self.agreed.direction.is_sent

    @property
    def local(self) -> Address | None:
        """Where we listen, None until it is said."""
        return self._local

    def take_offer(self, body: bytes) -> None:
        """Read the far end's offer. Raises SdpError when we can do nothing in it."""
        offer = parse_sdp(body)
        self._agree(agree(offer, self._codecs))
        self.offer = offer
        self.owes_answer = True

    def answer(self, local: Address) -> bytes:
        """Return the answer to the offer taken; `local` is where we listen."""
        assert self.offer is not None, "no offer to answer"
        agreed = self.agreed
        assert agreed is not None
        self._local = local
        self.owes_answer = False
        if self.is_holding:
            agreed = agreed._replace(direction=agreed.direction.without_receiving())
        return self._describe(answer_to(self.offer, agreed, self._identity(local)))

    def offer_from(self, local: Address) -> bytes:
        """Return our offer; the far end's answer goes to `take_answer`."""
        self._local = local
        return self._offer(self._codecs)

    def take_answer(self, body: bytes | None) -> None:
        """Read the far end's answer to our offer. Raises SdpError when it is of no use."""
        if body is None:
            raise SdpError("answer to our offer is missing", 488)
        self._agree(agree(parse_sdp(body), self._codecs))
        self.awaits_answer = False

    def preview(self, body: bytes) -> RtpPeer:
        """Return what an answer says that may still change. Raises SdpError."""
        return agree(parse_sdp(body), self._codecs).rtp_peer

    def undo_offer(self) -> None:
        """The far end refused our offer: what was agreed before holds."""
        self.awaits_answer = False

    def reanswer(self, body: bytes) -> bytes:
        """Return the answer to a new offer within the call, with the codec in use.

        Raises SdpError when the codec in use is not in it.
        """
        assert self._local is not None, "no session to change"
        offer = parse_sdp(body)
        agreed = agree(offer, self._codec_in_use)
        self.offer = offer
        self._agree(agreed)
        return self.answer(self._local)

    def offer_again(self) -> bytes:
        """Return our session as it is to be from now on, as an offer within the call."""
        return self._offer(self._codec_in_use)

    def move(self, local: Address) -> None:
        """We listen elsewhere; the next offer says so."""
        self._local = local

    @property
    def _codec_in_use(self) -> Sequence[Codec]:
        return self._codecs if self.agreed is None else (self.agreed.codec,)

    def _offer(self, codecs: Sequence[Codec]) -> bytes:
        assert self._local is not None, "no session to offer"
        self.awaits_answer = True
        direction = Direction.SENDONLY if self.is_holding else Direction.SENDRECV
        identity = self._identity(self._local)
        return self._describe(offer_of(identity, codecs, direction=direction))

    def _agree(self, agreed: Agreed) -> None:
        self.agreed = agreed
        if agreed.host != NOWHERE:
            self.peer = agreed.rtp_peer

    def _identity(self, local: Address) -> LocalAudio:
        version = 1 if self._described is None else self._described.version
        return LocalAudio(local[0], local[1], self._session_id, version)

    def _describe(self, description: SessionDescription) -> bytes:
        """Return the text; its version is one higher than before when anything else changed."""
        if self._described is not None and description != self._described:
            description = replace(description, version=description.version + 1)
        self._described = description
        return build_sdp(description)


def sdp_body(message: Request | Response) -> bytes | None:
    """Return the session description a message carries, None without one.

    Raises SipError(415) for a body of another type, unless it may be ignored.
    """
    if not message.body:
        return None
    headers = message.headers
    kind = (headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    encoding = (headers.get("Content-Encoding") or "identity").strip().lower()
    if kind == CONTENT_TYPE and encoding == "identity":
        return message.body
    if kind in MULTIPART and encoding == "identity":
        return sdp_part(headers.get("Content-Type") or "", message.body)
    disposition = (headers.get("Content-Disposition") or "").lower().replace(" ", "")
    if "handling=optional" in disposition:
        return None
    raise SipError(f"body must be {CONTENT_TYPE}, was {shown(kind)} ({shown(encoding)})", 415)
