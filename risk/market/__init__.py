"""The venues' rulebooks as effective-dated data, and the vectorised functions that read them."""
