"""The HTTP door for Rasa assistants: ``/webhook``, ``/actions`` and ``/health``."""
