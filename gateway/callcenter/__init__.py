"""The call centre: callers who want a person are queued, agents' phones ring, the two are joined.

`acd` decides as a pure machine, `desk` takes callers over, `switch` does it with real calls.
"""
