"""The call flows of this release, put together in `hotline`; one module per part of a call."""
