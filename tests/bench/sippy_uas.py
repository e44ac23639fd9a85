"""sippy, the other Python SIP stack, answering every call at once; in an environment of its own.

python sippy_uas.py PORT
"""

import sys

from sippy.CCEvents import CCEventConnect, CCEventRing, CCEventTry
from sippy.Core.EventDispatcher import ED2
from sippy.MsgBody import MsgBody
from sippy.SipLogger import SipLogger
from sippy.SipTransactionManager import SipTransactionManager
from sippy.UA import UA

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
    "t=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"
)


class Quiet(SipLogger):
    """Writes nothing: a log file is no part of the stack."""

    def __init__(self):
        pass

    def write(self, *args, **kwargs):
        pass


def answered(event, ua):
    if isinstance(event, CCEventTry):
        ua.recvEvent(CCEventRing((180, "Ringing", None)))
        ua.recvEvent(CCEventConnect((200, "OK", MsgBody(SDP))))


class Uas:
    def __init__(self, port):
        self.config = {
            "_sip_address": "127.0.0.1",
            "_sip_port": port,
            "_sip_logger": Quiet(),
            "nh_addr": ("127.0.0.1", port),
        }
        self.config["_sip_tm"] = SipTransactionManager(self.config, self.received)

    def received(self, request, transaction):
        if request.getHFBody("to").getTag() is not None:
            return (request.genResponse(481, "Call Leg/Transaction Does Not Exist"), None, None)
        if request.getMethod() == "INVITE":
            return UA(self.config, answered, nh_address=("127.0.0.1", 1)).recvRequest(
                request, transaction
            )
        return (request.genResponse(501, "Not Implemented"), None, None)


if __name__ == "__main__":
    UAS = Uas(int(sys.argv[1]))
    ED2.loop()
