"""Names of phy and phylib that need no window: where the façade has them."""

from __future__ import annotations

from typing import Any

_HERE = "phy_medicine.app.phy_compat"


def _from(module: str, *names: str) -> dict[str, str]:
    return {name: f"{_HERE}.{module}:{name}" for name in names}


_EVENTS = _from("events", "connect", "unconnect", "emit", "silent", "set_silent", "reset", "ProgressReporter")
_TYPES = _from(
    "bunch",
    "Bunch", "_bunchify", "_as_array", "_as_list", "_as_scalar", "_as_scalars", "_as_tuple", "_is_array_like",
    "_is_float", "_is_integer", "_is_list",
)  # fmt: skip
_CONFIG = _from("config", "phy_config_dir", "ensure_dir_exists", "load_config", "load_master_config", "save_config")
_PLUGIN = _from("plugin", "IPlugin", "IPluginRegistry", "get_plugin", "discover_plugins", "attach_plugins")

_BUS = {name: _EVENTS[name] for name in ("connect", "unconnect", "emit", "silent", "set_silent", "reset")}

NAMES: dict[str, dict[str, Any]] = {
    "phy": {
        **{name: _BUS[name] for name in ("connect", "unconnect", "emit")},
        **{name: _PLUGIN[name] for name in ("IPlugin", "get_plugin", "discover_plugins")},
        "Bunch": _TYPES["Bunch"],
        "load_master_config": _CONFIG["load_master_config"],
    },
    "phy.utils": {
        **_BUS,
        "Bunch": _TYPES["Bunch"],
        "IPlugin": _PLUGIN["IPlugin"],
        "attach_plugins": _PLUGIN["attach_plugins"],
        **{name: _CONFIG[name] for name in ("ensure_dir_exists", "load_master_config", "phy_config_dir")},
    },
    "phy.utils.config": _CONFIG,
    "phy.utils.plugin": _PLUGIN,
    "phylib.utils": {**_TYPES, **_EVENTS},
    "phylib.utils.event": _EVENTS,
    "phylib.utils._types": _TYPES,
}
