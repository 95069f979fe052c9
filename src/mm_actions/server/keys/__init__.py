"""Answers kept by ``Idempotency-Key``."""
