"""Stubs of the contract in other languages, from openapi-generator, mended so that they compile and conform.

Each language is one record of :data:`TARGETS`: which generator, with which options, what is mended
afterwards, and how what comes out is built.
"""

from mm_actions.stubs.failure import StubsFailed
from mm_actions.stubs.generation import Plan, write_stubs
from mm_actions.stubs.generator import KNOWN_VERSION, Generator
from mm_actions.stubs.source import PROFILES, Profile, document_for
from mm_actions.stubs.table import TARGETS, target_named
from mm_actions.stubs.target import Target

__all__ = [
    "KNOWN_VERSION",
    "PROFILES",
    "TARGETS",
    "Generator",
    "Plan",
    "Profile",
    "StubsFailed",
    "Target",
    "document_for",
    "target_named",
    "write_stubs",
]
