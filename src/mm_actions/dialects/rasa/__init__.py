"""Rasa's words for a turn and its answer: what travels between an assistant and its action server."""
