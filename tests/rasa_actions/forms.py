"""The two kinds of validation actions."""

from rasa_sdk import FormValidationAction, ValidationAction


class ValidateBooking(FormValidationAction):
    def name(self):
        return "validate_booking_form"

    def validate_people(self, value, dispatcher, tracker, domain):
        if isinstance(value, (int, float)) and value > 0:
            return {"people": value}
        dispatcher.utter_message(text="How many people, in numbers?")
        return {"people": None}


class ValidateSlots(ValidationAction):
    def name(self):
        return "action_validate_slot_mappings"

    async def required_slots(self, domain_slots, dispatcher, tracker, domain):
        return ["shouted"]

    def extract_shouted(self, dispatcher, tracker, domain):
        return {"shouted": (tracker.latest_message.get("text") or "").upper()}

    def validate_shouted(self, value, dispatcher, tracker, domain):
        return {"shouted": f"{value}!"}
