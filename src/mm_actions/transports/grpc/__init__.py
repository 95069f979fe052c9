"""Rasa action servers over gRPC. Needs the extra ``grpc``, and says so."""

from importlib import import_module

from mm_actions.errors import ConfigurationError

for _library in ("grpc", "google.protobuf"):
    try:
        import_module(_library)
    except ImportError as error:
        raise ConfigurationError(
            f"a url of grpc:// needs {_library}, which cannot be imported ({error}); "
            'pip install "mm_actions[grpc]"'
        ) from error
