"""The heart: one thread, one book; commands in by the sequencer, durable events out by the bus."""
