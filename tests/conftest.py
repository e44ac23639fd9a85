"""The reactor of the whole suite: asyncio over uvloop, as in the gateway process."""

import uvloop
from twisted.internet import asyncioreactor

asyncioreactor.install(uvloop.new_event_loop())
