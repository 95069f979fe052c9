"""The contract over HTTP, by one of three engines."""
