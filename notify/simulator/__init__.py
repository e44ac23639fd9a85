"""Far ends we own: a message centre that speaks SMPP and a mail server that keeps what it gets."""
