"""Seeing: JSON logs, metrics, health, and the watch over the reactor."""
