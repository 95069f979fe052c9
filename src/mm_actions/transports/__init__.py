"""One room for each way to reach an action; the only I/O."""
