"""What writes and checks parts of the project, each run as `python -m tools.<name>`."""
