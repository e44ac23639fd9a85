"""Market data on its way into the book's prices."""
