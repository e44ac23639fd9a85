"""The simulated exchange: matching, auctions, phases, market data and moods, behind real FIX."""
