"""Carrying out one call: bytes in, a reply out, without any I/O of its own."""
