"""Fakes and fault tools for tests of code that calls actions."""
