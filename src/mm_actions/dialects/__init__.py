"""How other protocols say what the contract says, and back: no I/O, one room for each."""
