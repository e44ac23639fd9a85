"""The audio session of one call: offer and answer in both directions, o= versions (RFC 3264).

Sans I/O. Not here: the syntax of SDP (gateway.sip.sdp), the messages that carry it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.media.port import Address, Codec, RtpPeer
from gateway.sip.errors import SdpError, SipError, shown
from gateway.sip.message import Request, Response
from gateway.sip.sdp import (
    CONTENT_TYPE,
    Agreed,
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
        self.offer: SessionDescription | None = None
        self._session_id = str(int(token[:12], 16))
        self._codecs = codecs
        self._local: Address | None = None
        self._described: SessionDescription | None = None

    @property
    def peer(self) -> RtpPeer | None:
        """The far end's audio, None until agreed."""
        return None if self.agreed is None else self.agreed.rtp_peer

    def take_offer(self, body: bytes) -> None:
        """Read the far end's offer. Raises SdpError when we can do nothing in it."""
        offer = parse_sdp(body)
        self.agreed = agree(offer, self._codecs)
        self.offer = offer

    def answer(self, local: Address) -> bytes:
        """Return the answer to the offer taken; `local` is where we listen."""
        assert self.offer is not None, "no offer to answer"
        assert self.agreed is not None
        self._local = local
        return self._describe(answer_to(self.offer, self.agreed, self._identity(local)))

    def offer_from(self, local: Address) -> bytes:
        """Return our offer; the far end's answer goes to `take_answer`."""
        self._local = local
        self.awaits_answer = True
        return self._describe(offer_of(self._identity(local), self._codecs))

    def take_answer(self, body: bytes | None) -> None:
        """Read the far end's answer to our offer. Raises SdpError when it is of no use."""
        if body is None:
            raise SdpError("answer to our offer is missing", 488)
        self.agreed = agree(parse_sdp(body), self._codecs)
        self.awaits_answer = False

    def reanswer(self, body: bytes) -> bytes:
        """Return the answer to a new offer within the call, with the codec in use.

        Raises SdpError when the codec in use is not in it.
        """
        assert self._local is not None, "no session to change"
        codecs = self._codecs if self.agreed is None else (self.agreed.codec,)
        offer = parse_sdp(body)
        agreed = agree(offer, codecs)
        self.offer, self.agreed = offer, agreed
        return self.answer(self._local)

    def offer_again(self) -> bytes:
        """Return our session as an offer, for an INVITE within the call that brings none."""
        assert self._local is not None, "no session to offer"
        codecs = self._codecs if self.agreed is None else (self.agreed.codec,)
        self.awaits_answer = True
        return self._describe(offer_of(self._identity(self._local), codecs))

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
    disposition = (headers.get("Content-Disposition") or "").lower().replace(" ", "")
    if "handling=optional" in disposition:
        return None
    raise SipError(f"body must be {CONTENT_TYPE}, was {shown(kind)} ({shown(encoding)})", 415)
