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
_CONFIG = _from("config", "ensure_dir_exists", "load_config", "load_master_config", "save_config") | {
    "phy_config_dir": "phy_medicine.base.paths:phy_dir"
}
_PLUGIN = _from("plugin", "IPlugin", "IPluginRegistry", "get_plugin", "discover_plugins", "attach_plugins")
_FILES = _from(
    "files",
    "load_json", "save_json", "load_pickle", "save_pickle", "read_python", "write_python", "read_text", "write_text",
    "read_tsv", "write_tsv", "_fullname", "_pretty_floats",
)  # fmt: skip
_ARRAYS = _from(
    "arrays",
    "_index_of", "_unique", "_spikes_in_clusters", "_spikes_per_cluster", "_flatten", "_flatten_per_cluster", "_clip",
    "_range_from_slice", "_pad", "_get_padded", "_normalize", "_get_data_lim", "get_closest_clusters", "read_array",
    "write_array", "chunk_bounds", "excerpts", "data_chunk", "get_excerpts", "grouped_mean",
) | _from("spike_selector", "SpikeSelector")  # fmt: skip
_STATS = _from("stats", "correlograms", "firing_rate")
_GEOMETRY = _from(
    "geometry",
    "linear_positions", "staggered_positions", "range_transform", "get_non_overlapping_boxes", "get_closest_box",
)  # fmt: skip
_SPARSE = _from(
    "sparse",
    "from_sparse", "get_closest_channels", "compute_features", "load_metadata", "save_metadata", "read_array",
    "write_array",
)  # fmt: skip

_MODEL = _SPARSE | _from("model", "TemplateModel", "load_model", "get_template_params")
_TRACES = _from(
    "ephys",
    "get_ephys_reader", "extract_waveforms", "get_spike_waveforms", "export_waveforms", "iter_waveforms",
)  # fmt: skip

_CLUSTER = (
    _from("clustering", "Clustering")
    | _from("cluster_meta", "ClusterMeta", "create_cluster_meta")
    | _from("update_info", "UpdateInfo")
    | _from("rotating", "RotatingProperty")
)
_MIXINS = _from("mixins", "WaveformMixin", "FeatureMixin", "TemplateMixin", "TraceMixin")

_BUS = {name: _EVENTS[name] for name in ("connect", "unconnect", "emit", "silent", "set_silent", "reset")}
_FILES_OF_UTILS = {name: _FILES[name] for name in _FILES if name not in ("write_python", "_fullname", "_pretty_floats")}

NAMES: dict[str, dict[str, Any]] = {
    "phy": {
        **{name: _BUS[name] for name in ("connect", "unconnect", "emit")},
        **{name: _PLUGIN[name] for name in ("IPlugin", "get_plugin", "discover_plugins")},
        "Bunch": _TYPES["Bunch"],
        "load_master_config": _CONFIG["load_master_config"],
    },
    "phy.apps.base": {
        **_MIXINS,
        **_from("controller", "BaseController"),
        **_from("raw_data_filter", "RawDataFilter"),
    },
    "phy.apps.template": {
        **{name: _MODEL[name] for name in ("TemplateModel", "from_sparse", "get_template_params", "load_model")},
        **_from("controller", "TemplateController"),
        **_from("apps", "template_gui", "template_describe"),
    },
    "phy.apps.template.gui": _from("controller", "TemplateController") | _from("apps", "template_gui"),
    "phy.apps.kwik": _from("controller", "KwikController") | _from("apps", "kwik_gui"),
    "phy.cluster": {
        **{name: _CLUSTER[name] for name in ("Clustering", "ClusterMeta", "UpdateInfo")},
        **_from("supervisor", "Supervisor"),
    },
    "phy.cluster._history": _from("histories", "History", "GlobalHistory"),
    "phy.cluster._utils": {name: _CLUSTER[name] for name in _CLUSTER if name != "Clustering"},
    "phy.cluster.clustering": {"Clustering": _CLUSTER["Clustering"]},
    "phy.cluster.supervisor": _from("supervisor", "Supervisor") | _from("task_logger", "TaskLogger"),
    "phy.utils": {
        **_BUS,
        **_FILES_OF_UTILS,
        "Bunch": _TYPES["Bunch"],
        "IPlugin": _PLUGIN["IPlugin"],
        "attach_plugins": _PLUGIN["attach_plugins"],
        "Context": f"{_HERE}.context:Context",
        **{name: _CONFIG[name] for name in ("ensure_dir_exists", "load_master_config", "phy_config_dir")},
    },
    "phy.utils.config": _CONFIG,
    "phy.utils.context": _from("context", "Context"),
    "phy.utils.plugin": _PLUGIN,
    "phy.utils.tempdir": _from("tempdir", "TemporaryDirectory"),
    "phylib.io": {name: _MODEL[name] for name in ("TemplateModel", "load_model", "get_template_params")},
    "phylib.io.array": _ARRAYS,
    "phylib.io.model": _MODEL,
    "phylib.io.traces": _TRACES,
    "phylib.stats": _STATS,
    "phylib.stats.ccg": _STATS,
    "phylib.stats.clusters": _from("stats", "mean", "get_waveform_amplitude"),
    "phylib.utils": {**_TYPES, **_EVENTS, **_FILES_OF_UTILS},
    "phylib.utils.event": _EVENTS,
    "phylib.utils.geometry": _GEOMETRY,
    "phylib.utils._misc": _FILES | {name: _CONFIG[name] for name in ("phy_config_dir", "ensure_dir_exists")},
    "phylib.utils._types": _TYPES,
}
