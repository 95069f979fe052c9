"""Actions written for rasa_sdk, with nothing of ours in them; rasa_sdk finds them by their base class."""
