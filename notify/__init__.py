"""Outbound messages: what happened in the book is told to the customer by SMS and mail.

First floor: speaks the words of risk.domain and knows no other floor. Notices are planned from
journal events exactly once (notify.planner, notify.outbox) and sent at least once with one effect
(notify.dispatcher, notify.transports). Not here: who the customers are (an injected lookup).
"""
