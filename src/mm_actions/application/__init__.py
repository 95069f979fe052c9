"""The dialogue application: rules, handlers, flows, custom actions, and conversations with it."""
