"""Actions that say something, in each of the ways that a dispatcher has."""

from rasa_sdk import Action


class Hello(Action):
    def name(self):
        return "action_hello"

    def run(self, dispatcher, tracker, domain):
        said = tracker.latest_message.get("text")
        dispatcher.utter_message(text=f"Hello {tracker.sender_id}, you said {said}")
        return []


class Buttons(Action):
    def name(self):
        return "action_buttons"

    def run(self, dispatcher, tracker, domain):
        buttons = [{"title": "Yes", "payload": "/affirm"}, {"title": "No", "payload": "/deny"}]
        dispatcher.utter_message(text="Sure?", buttons=buttons)
        return []


class Template(Action):
    def name(self):
        return "action_template"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(response="utter_greet", name="Bob", count=3)
        return []


class Rich(Action):
    def name(self):
        return "action_rich"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(json_message={"map": {"zoom": 3}})
        dispatcher.utter_message(image="http://images.example/cat.png")
        dispatcher.utter_message(attachment="http://files.example/menu.pdf")
        return []


class Echo(Action):
    """Says what it was sent, so that a test sees what travelled."""

    def name(self):
        return "action_echo"

    async def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(
            json_message={
                "sender_id": tracker.sender_id,
                "slots": tracker.slots,
                "latest_message": tracker.latest_message,
                "events": len(tracker.events),
                "active_loop": tracker.active_loop,
                "domain": domain,
            }
        )
        return []
