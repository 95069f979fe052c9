"""Settings: frozen, checked when they are read, from a dict, a YAML file or the environment."""

from mm_actions.config.loading import ConfigSource, load_config, with_environment
from mm_actions.config.secret import Secret
from mm_actions.config.settings import BasicAuth, BearerAuth, Config, HmacAuth, ServerSettings

__all__ = [
    "BasicAuth",
    "BearerAuth",
    "Config",
    "ConfigSource",
    "HmacAuth",
    "Secret",
    "ServerSettings",
    "load_config",
    "with_environment",
]
