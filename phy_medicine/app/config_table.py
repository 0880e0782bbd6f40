"""Every setting of the program that is not one view's or one job's: its default, its limits, what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import Param, params_of, setting
from phy_medicine.base.words import shown
from phy_medicine.compute.suggesting.auto_merge import PRESETS
from phy_medicine.curation.colors import PALETTES
from phy_medicine.session.model_pairs import MODEL
from phy_medicine.session.prefetch import MAX_MB, N_AHEAD
from phy_medicine.session.suggestions import DEFAULT
from phy_medicine.views.theme import DARK, MAX_POINTS, MIN_POINTS, THEMES


@dataclass(frozen=True, slots=True)
class GeneralSettings:
    """What `c.PhyMed.NAME = value` may set."""

    theme: str = setting(DARK.name, "Colours of the window", choices=tuple(THEMES))
    palette: str = setting("phy", "Colours of selected clusters and of groups", choices=tuple(PALETTES))
    keep_colors: bool = setting(False, "A cluster keeps its colour while it stays selected")
    font_size: int = setting(
        DARK.points, "Size of all text", unit="points", minimum=MIN_POINTS, maximum=MAX_POINTS
    )  # fmt: skip
    layout: str = setting("curation", "Layout that a new window has, one of the program or of your own")
    filter: str = setting("", "Filter of the cluster table at opening, such as group != 'noise'")
    similarity: str = setting("auto", "How clusters are compared: auto, template, drift, or one of a plugin")
    suggestion_preset: str = setting(
        DEFAULT, "How merges to suggest are found: by all that is known of a pair, by a model, or as in SpikeInterface",
        choices=(DEFAULT, MODEL, *PRESETS),
    )  # fmt: skip
    own_order: bool = setting(
        False, "Order suggested merges as learned of your own decisions, which are then kept for all datasets"
    )
    filtered: bool = setting(True, "Show the signal high-passed; False: raw")
    show_events: bool = setting(True, "Mark the events of the experiment in all views over time")
    ask_before_closing: bool = setting(True, "Ask before a window with unsaved work is closed; the journal keeps it")
    figure_background: str = setting("screen", "Background of saved pictures of views", choices=("screen", "white"))
    shared_context: bool = setting(True, "One OpenGL context for all views; False for drivers that need it")
    device: str = setting("auto", "Where jobs compute: auto, cpu, mps, cuda or cuda:N")
    threads: int = setting(2, "Threads that prepare what the views show", minimum=1, maximum=64)
    cache_mb: int = setting(256, "Memory for arrays that views may ask for again", unit="MB", minimum=16, maximum=65536)
    record: bool = setting(False, "Keep a record of which clusters are shown, how long, and what is decided")
    prefetch: int = setting(
        N_AHEAD, "Selections that may come next and are made ready meanwhile; 0: none", minimum=0, maximum=20
    )  # fmt: skip
    prefetch_mb: int = setting(
        MAX_MB, "Memory of what is made ready and was not asked for yet; at most half of cache_mb", unit="MB",
        minimum=1, maximum=65536,
    )  # fmt: skip
    ask_before_new_plugins: bool = setting(False, "Ask before a plugin file that was never run here is run")


@dataclass(frozen=True, slots=True)
class Structured:
    """A setting that is more than one value.

    check : what was given -> the value, made of what JSON can hold; raises PhyMedError
    """

    name: str
    example: str
    help: str
    check: Callable[[Any], Any]


def _names(value: Any) -> list[str]:
    names = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(n, str) for n in names):
        raise PhyMedError(f"must be a list of names, not {shown(value)}.")
    return list(dict.fromkeys(names))


def _folders(value: Any) -> list[str]:
    folders = [value] if isinstance(value, str) or hasattr(value, "__fspath__") else value
    if not isinstance(folders, (list, tuple)):
        raise PhyMedError(f"must be a list of folders, not {shown(value)}.")
    return [str(folder) for folder in folders]


def _sort(value: Any) -> list[list[Any]]:
    keys: list[list[Any]] = []
    for key in [value] if isinstance(value, str) else value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(key, str) and key.strip("-"):
            keys.append([key.removeprefix("-"), not key.startswith("-")])
        elif isinstance(key, (list, tuple)) and len(key) == 2 and isinstance(key[0], str):
            keys.append([key[0], bool(key[1])])
        else:
            raise PhyMedError(f"must be names of columns, with - before one that falls, not {shown(value)}.")
    return keys


def checked_keys(value: Any) -> list[str]:
    """Return the keys of one action: none, one, or some."""
    keys = [] if value in (None, "") else [value] if isinstance(value, str) else value
    if not isinstance(keys, (list, tuple)) or not all(isinstance(key, str) and key for key in keys):
        raise PhyMedError(f"must be a key such as Ctrl+M, a list of keys, or None, not {shown(value)}.")
    return list(keys)


def checked_group(value: Any) -> dict[str, Any]:
    """Return what is known of one group: a key, a colour, whether navigation skips it."""
    facts = {"key": value} if isinstance(value, str) else value
    if not isinstance(facts, Mapping) or set(facts) - {"key", "color", "masked"}:
        raise PhyMedError(f"must be a key, or a dictionary of key, color and masked, not {shown(value)}.")
    key = str(facts.get("key", ""))
    if key and not (len(key) == 1 and key.isascii() and key.isalnum()):
        raise PhyMedError(f"must have one letter or digit as key, not {shown(key)}.")
    texts = {name: str(facts[name]) for name in ("key", "color") if name in facts}
    return {**texts, **({"masked": bool(facts["masked"])} if "masked" in facts else {})}


def checked_weight(value: Any) -> float:
    """Return how much one source counts."""
    try:
        weight = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        weight = float("nan")
    if not 0 <= weight < float("inf"):
        raise PhyMedError(f"must be a number of 0 or more, not {shown(value)}.")
    return weight


STRUCTURED = {
    s.name: s
    for s in (
        Structured("columns", '["id", "n_spikes", "depth", "fr"]', "Columns of the cluster table, in order", _names),
        Structured("similar_columns", '["id", "similarity"]', "Columns of the similarity table, in order", _names),
        Structured("sort", '["-n_spikes"]', "Order of the cluster table; - before a column that falls", _sort),
        Structured("plugins", '["MyPlugin"]', "Plugins to attach to every window, by class name", _names),
        Structured("plugin_dirs", '["~/lab/plugins"]', "More folders of plugin files", _folders),
    )
}
"""Name -> a setting that is a list."""

SECTIONS: Mapping[str, Structured] = {
    s.name: s
    for s in (
        Structured("shortcuts", '{"merge": "g", "undo": ["Ctrl+Z", "u"]}', "Keys of actions", checked_keys),
        Structured(
            "similarity_weights",
            '{"features": 2, "distance": 0}',
            "How much each source counts in the combined similarity",
            checked_weight,
        ),
        Structured("groups", '{"artifact": {"key": "a", "color": "#cc4455"}}', "Groups of your own", checked_group),
    )
}
"""Name -> a dictionary whose entries are settings of their own."""

USER_ONLY = frozenset({"plugins", "plugin_dirs", "ask_before_new_plugins", "ask_before_closing", "shortcuts", "record"})
"""What a dataset may not say, since it may come from somebody else."""


def general_table() -> dict[str, Param]:
    """Return the table of single values by name."""
    return {param.name: param for param in params_of(GeneralSettings)}
