"""The actions of ``rasa_actions`` with the domain that their assistant has: behind our own doors."""

from pathlib import Path

from mm_actions.server import ActionServer
from mm_actions.server.rasa_sdk import register

DOMAIN = Path(__file__).with_name("domain.yml")

server = ActionServer(rasa=True, drain=0)
register(server, "rasa_actions", domain=DOMAIN)
