"""Pre-trade checks: a list of named, vectorised rules over a batch of orders."""
