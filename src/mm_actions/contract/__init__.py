"""What travels between client and server, without any I/O."""
