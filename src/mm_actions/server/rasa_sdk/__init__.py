"""Actions written for rasa_sdk, hosted unchanged: ``register(server, "actions")``.

They need the library that they are written for, an extra, which is loaded when they are registered.
"""

from mm_actions.server.rasa_sdk.registration import register, register_function

__all__ = ["register", "register_function"]
