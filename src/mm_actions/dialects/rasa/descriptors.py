"""The messages of Rasa's gRPC service, in a pool of their own, so that rasa_sdk's may live beside them.

A name can be registered only once in protobuf's default pool, and rasa_sdk registers its own.
"""

from __future__ import annotations

import re
from typing import Any

from mm_actions.errors import ConfigurationError

try:
    from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message_factory import GetMessageClass
except ImportError as missing:
    raise ConfigurationError("gRPC needs protobuf: pip install 'mm_actions[grpc]'") from missing

PACKAGE = "action_server_webhook"
SERVICE = f"{PACKAGE}.ActionService"
METHODS = {
    "Webhook": f"/{SERVICE}/Webhook",
    "WebhookStream": f"/{SERVICE}/WebhookStream",
    "AckStreamChunks": f"/{SERVICE}/AckStreamChunks",
    "Actions": f"/{SERVICE}/Actions",
}
"""The path of each method. ``WebhookStream`` answers with a stream; ``AckStreamChunks`` with an ``Empty``."""

# A line is a message and its fields in the order of their numbers: `name`, or `name=kind` where it is no
# text; `*` repeats, and `?` lets an absent one be told from its default. On the wire, a Struct is the same as
# the bytes that it is declared to be here (see struct_codec), and a map the same as a list of entries.
_TABLE = r"""
WebhookStreamEvent chunk_start?=ChunkStart chunk?=Chunk chunk_end?=ChunkEnd \
    final_result?=WebhookResponse error?=StreamError
ChunkStart response_id
Chunk response_id text image custom?=bytes attachment buttons*=bytes elements*=bytes
ChunkEnd response_id
StreamError action_name message
StreamChunkAck response_id
ActionsRequest
ActionsResponse actions*=bytes
LoopEntry key value
Tracker sender_id slots?=bytes latest_message?=bytes events*=bytes paused=bool followup_action? \
    active_loop*=LoopEntry latest_action_name? stack*=bytes user_id?
Intent string_value? dict_value?=bytes
Entity string_value? dict_value?=bytes
Action string_value? dict_value?=bytes
Domain config?=bytes session_config?=bytes intents*=Intent entities*=Entity slots?=bytes responses?=bytes \
    actions*=Action forms?=bytes e2e_actions*=bytes
WebhookRequest next_action sender_id tracker?=Tracker domain?=Domain version domain_digest?
WebhookResponse events*=bytes responses*=bytes
Empty
"""
_FIELD = re.compile(r"(\w+)([*?]?)(?:=(\w+))?")
_TYPES = {
    "": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "bool": FieldDescriptorProto.TYPE_BOOL,
}


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="mm_actions/rasa.proto", package=PACKAGE, syntax="proto3")
    for line in _TABLE.replace("\\\n", " ").strip().splitlines():
        name, *fields = line.split()
        message = file.message_type.add(name=name)
        for number, written in enumerate(fields, 1):
            _add_field(message, number, *_FIELD.fullmatch(written).groups(default=""))  # type: ignore[union-attr] # our own table
    return file


def _add_field(message: DescriptorProto, number: int, name: str, mark: str, kind: str) -> None:
    field = message.field.add(
        name=name, number=number, type=_TYPES.get(kind, FieldDescriptorProto.TYPE_MESSAGE)
    )
    field.label = FieldDescriptorProto.LABEL_REPEATED if mark == "*" else FieldDescriptorProto.LABEL_OPTIONAL
    if kind not in _TYPES:
        field.type_name = f".{PACKAGE}.{kind}"
    if mark == "?":  # presence is a oneof of one
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")


def _classes() -> dict[str, type[Any]]:
    pool = DescriptorPool()
    file = _file()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        message.name: GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{message.name}"))
        for message in file.message_type
    }


CLASSES = _classes()
"""The class of each message, by its name."""
