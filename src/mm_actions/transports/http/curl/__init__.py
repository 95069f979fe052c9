"""The engine on libcurl."""
