"""Signalling: RFC 3261 in layers, sans I/O inside; only `transport` owns a socket.

uri, headers, message, sdp: bytes to values and back. server_transaction, client_transaction,
transactions: retransmission and matching. dialog, calls, useragent: calls in and out.
softphone and ladder stand on top. Audio belongs to gateway.media, call flows to gateway.ivr.
"""
