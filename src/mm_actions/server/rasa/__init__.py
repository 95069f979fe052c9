"""What a call of a Rasa assistant is to this server, whether it comes over HTTP or gRPC."""
