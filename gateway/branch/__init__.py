"""The branch door: length-prefixed msgpack over TCP with TLS client certificates."""
