"""The ground floor: domain words, market rules, account book, checks and the order state machine.

Pure: standard library and NumPy only. No I/O, no Twisted, no clock reads, no randomness; time
arrives as a parameter. Everything here can be replayed and gives the same answer.
"""
