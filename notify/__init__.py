"""Outbound messages: what is told to whom, durably planned, sent by SMS and mail, receipts kept.

May import risk.domain.
"""
