"""SMPP 3.4: PDUs, text encoding and the link without I/O, and one file that owns the socket."""
