"""The gRPC door for Rasa assistants: ``action_server_webhook.ActionService``, beside HTTP or alone."""
