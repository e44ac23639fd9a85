"""Alembic revisions of the store, oldest first; run by gateway.store.migrate."""
