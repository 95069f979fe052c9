"""Settings: frozen, checked when they are read, from a dict, a YAML file or the environment."""

from mm_actions.config.loading import ConfigSource, config_from_environment, load_config
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
    "config_from_environment",
    "load_config",
]
