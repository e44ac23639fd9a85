"""The state machine: decide what a command leads to, apply it, fold it again from the journal."""
