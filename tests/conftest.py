"""The reactor of the whole suite: asyncio over uvloop, as in the gateway process."""

import asyncio

import uvloop
from twisted.internet import asyncioreactor

# Set as the current loop too: a test's asyncio code may be reached before the reactor turns.
_loop = uvloop.new_event_loop()
asyncio.set_event_loop(_loop)
asyncioreactor.install(_loop)
