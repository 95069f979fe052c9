"""The real rasa_sdk server and ours, with the same actions: what each does where it matters, side by side."""
