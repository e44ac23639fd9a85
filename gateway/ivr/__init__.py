"""The phone door: call flows as data, one pure step, and what plays them on a live call.

Not here: signalling (gateway.sip; its `Dialog` is something else) and sound (gateway.media).
"""
