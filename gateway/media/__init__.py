"""Sound of a call: RTP and keypad digits on sockets of their own, and prompts as A-law clips.

Media runs in worker processes behind `port.MediaLink`; in-process for tests and small sites.
Not here: signalling (gateway.sip) and what is said when (gateway.ivr).
"""
