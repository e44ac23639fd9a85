"""Reference data from files: the rulebook and the list of instruments."""
