"""The FIX edge: QuickFIX sessions, translation, routing, reconciliation, simulated exchange.

May import risk.domain (the simulator also risk.market). Always `import quickfix`, never `as fix`.
"""
