"""A coffee shop that takes orders. It holds the dialogue; the work is done by actions on two servers.

Read it in this order: `actions.yaml` says where actions live, `root.py` makes the app, and then there is
one file per domain. What users say in each intent is in `domains/`, what they name is in `entities/`.
"""

from . import account, greetings, ordering, payments, store_info
from .root import app

__all__ = ["account", "app", "greetings", "ordering", "payments", "store_info"]
