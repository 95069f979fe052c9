"""Rasa action servers over HTTP."""
