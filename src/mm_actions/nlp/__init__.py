"""From a text to a domain, an intent and entities, so that an application has something to rule on.

`Nlp` is what an application asks for. `ExamplesNlp` is the embedded one: it compares a text with the
training sentences of an app folder, so that a sample app runs on nothing. It is a matcher, not a
trained model: for real users take MindMeld's ``NaturalLanguageProcessor``, Rasa's NLU, or another.
"""

from mm_actions.nlp.examples import ExamplesNlp
from mm_actions.nlp.protocol import Nlp

__all__ = ["ExamplesNlp", "Nlp"]
