"""One room for each way to reach an action, and what several of them need; the only I/O."""
