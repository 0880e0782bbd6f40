"""Readers of settings and of what plugins bring: files of the user, of a dataset, and words of the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hypothesis import strategies as st

from phy_medicine.app import config_files, config_reader, plugin_files
from phy_medicine.app.phy_compat.row_styles import read_sheet
from phy_medicine.app.sort import read_settings
from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.pipeline.settings import read_config
from tests.fuzz import shapes
from tests.fuzz.target import Target, in_file, texts


def _setting(data: bytes, folder: Path) -> None:
    reader = config_reader.Reader()
    reader.add_typed(config_reader.typed(data.decode("utf-8", "surrogateescape")))
    json.dumps({name: c.value for name, c in reader.result().values.items()})


_SETTINGS = texts(
    "theme=light",
    "font_size=12",
    "WaveformView.n_spikes=100",
    "motion.depth_bin_um=5",
    "shortcuts.merge=g",
    'groups.artifact={"key": "a"}',
    "c.PhyMed.filtered=false",
    "TraceView.show_labels=true",
    "CorrelogramView.bin_size=0.001",
    'sort=["-n_spikes"]',
    "plugin_dirs=~/x",
    "Plugins.dirs=[]",
    "TemplateGUI.plugins=[]",
    "jobs.at_once=2",
    "cache_mb=1e999",
    "CorrelogramView.bin_size=[1]",
    "x.=1",
    ".x=1",
    "threads=Infinity",
    "cache_mb=" + "[" * 2000,
)
_SETTING_WORDS = texts(
    "theme",
    "font_size",
    "filter",
    "layout",
    "cache_mb",
    "threads",
    "sort",
    "columns",
    "plugins",
    "groups.",
    "shortcuts.",
    "jobs.",
    "motion.",
    "sorting.",
    "WaveformView.",
    "CorrelogramView.bin_size",
    "c.",
    "PhyMed.",
    "=",
    "[",
    "]",
    "{",
    "}",
    '"',
    ":",
    ",",
    "null",
    "NaN",
    "Infinity",
    "-1",
    "1e999",
    "true",
    "9" * 5000,
)

_TOML = texts(
    'theme = "light"\nfont_size = 12\nsort = ["-n_spikes"]\n[WaveformView]\nn_spikes = 9\n[motion]\ndepth_bin_um = 5\n',
    '[groups]\nartifact = {key = "a", color = "#cc4455"}\n[shortcuts]\nmerge = "g"\n',
    "a.b.c = 1979-05-27T07:32:00Z\n[[x]]\ny = 1\n",
    "cache_mb = inf\nthreads = nan\nfont_size = 99999999999999999999999\nfilter = \"note ~ '(a+)+$'\"\n",
    "x = " + "[" * 1500,
    "x = " + "{a=" * 800,
)
_TOML_WORDS = (
    *_SETTING_WORDS,
    *texts("[", "]]", '"""', "'''", "\\u0000", "\\ud800", "1979-05-27", "inf", "nan", "\n", "#"),
)


def _toml(data: bytes, folder: Path) -> None:
    reader = config_reader.Reader()
    path = folder / "phy_medicine.toml"
    reader.take(path, partial(config_files.read_toml, path))
    found = reader.result()
    assert not set(found.values) & {"plugins", "plugin_dirs"}
    _sentences(found.problems)


def _sentences(problems: Iterator[str] | tuple[str, ...]) -> None:
    for problem in problems:
        raise PhyMedError(problem)


def _toml_lines(names: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    value = st.one_of(
        st.text(max_size=5).map(json.dumps),
        shapes.numbers.map(repr),
        st.sampled_from(("[]", "{}", "true", '["a"]', "[1, [2]]", '{key = "a"}', "07:32:00")),
    )
    lines = st.lists(st.tuples(st.sampled_from(names), value), max_size=5)
    return lines.map(lambda pairs: "\n".join(f"{n} = {v}" for n, v in pairs).encode("utf-8", "surrogatepass"))


_NAMES = (
    "theme",
    "font_size",
    "cache_mb",
    "threads",
    "sort",
    "columns",
    "filter",
    "layout",
    "WaveformView.n_spikes",
    "motion.depth_bin_um",
    "groups.a",
    "shortcuts.merge",
    "CorrelogramView.bin_size",
    "jobs.at_once",
    "plugins",
    "x.y",
    "TraceView.show_labels",
)


def _phy_config(data: bytes, folder: Path) -> None:
    """The file is the user's own and is run; what it sets may be anything, so only constants are put in here."""
    found = config_files.run_python(folder / "phy_config.py", "phy_config", config_reader.small_sections())
    reader = config_reader.Reader()
    reader.take(folder / "phy_config.py", lambda: found)
    json.dumps({name: c.value for name, c in reader.result().values.items()})
    _sentences(reader.result().problems)


def _put_config(data: bytes, folder: Path) -> None:
    """Write `c.NAME = CONSTANT` for each line `NAME JSON` of the input."""
    lines = []
    for line in data.decode("utf-8", "replace").split("\n"):
        name, _, text = line.partition(" ")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if all(part.isidentifier() for part in name.split(".")):
            lines.append(f"c.{name} = {value!r}".replace(" nan", " float('nan')").replace(" inf", " float('inf')"))
    (folder / "phy_config.py").write_text("\n".join(lines), "utf-8", errors="replace")


_CONFIG = texts(
    'TemplateGUI.plugins ["A"]\nPlugins.dirs ["~/x"]\nPhyMed.theme "light"',
    'WaveformView.n_spikes 5\nPhyMed.sort ["-n_spikes"]',
    "CorrelogramView.bin_size 0.001\nPhyMed.motion.depth_bin_um 3\nPhyMed.shortcuts.merge null",
    'PhyMed.groups.a {"key": "a"}',
)
_CONFIG_NAMES = (
    "TemplateGUI.plugins",
    "Plugins.dirs",
    "PhyMed.theme",
    "PhyMed.cache_mb",
    "WaveformView.n_spikes",
    "PhyMed.sort",
    "CorrelogramView.bin_size",
    "PhyMed.motion.depth_bin_um",
    "PhyMed.shortcuts.merge",
    "PhyMed.groups.a",
    "PhyMed",
    "Plugins",
    "x",
    "PhyMed.x",
)
_CONFIG_SHAPES = st.lists(st.tuples(st.sampled_from(_CONFIG_NAMES), shapes.values), max_size=4).map(
    lambda pairs: "\n".join(f"{n} {json.dumps(v)}" for n, v in pairs).encode()
)

_PLUGIN = texts(
    "from phy import IPlugin, connect\nclass My(IPlugin):\n    '''What.'''\n    def attach(self):\n        pass\n",
    "# coding: latin-1\nfrom phy import IPlugin as P\nclass A(P): pass\nclass B(A): pass\n",
    "# coding: rot13\n",
    "x = " + "-" * 3000 + "1\n",
)
_PLUGIN_WORDS = texts(
    "class ",
    "IPlugin",
    "(",
    ")",
    ":",
    "from ",
    "import ",
    " as ",
    "# coding: ",
    "utf-7",
    "idna",
    "zlib",
    "rot13",
    "'''",
    "\n    ",
)

_SHEET = texts(
    'table tr[data-group="good"] td { color: #fff; background-color: rgb(1, 2, 3); font-weight: bold; }',
    "/* x */ QTableView { color: red }",
    "tr[data-is_masked='true']{color:gray!important} , tr td.id {font-weight: 700}",
    "/*" * 3000,
    "tr" + "[" * 3000,
    "{" * 3000,
    "tr[" + " " * 3000,
)
_SHEET_WORDS = texts(
    "tr",
    "td",
    "[data-group=",
    "[",
    "]",
    '"',
    "'",
    "{",
    "}",
    "/*",
    "*/",
    "color:",
    "background:",
    "font-weight:",
    ";",
    ",",
    ">",
    "Q",
    "²00",
)


def targets() -> tuple[Target, ...]:
    """Return the readers of settings."""
    return (
        Target(
            "setting",
            "`--set NAME=VALUE`",
            _setting,
            seeds=_SETTINGS,
            words=_SETTING_WORDS,
            shapes=st.tuples(st.sampled_from(_NAMES), shapes.values).map(
                lambda pair: f"{pair[0]}={json.dumps(pair[1])}".encode()
            ),
        ),
        Target(
            "toml",
            "`phy_medicine.toml`",
            _toml,
            in_file("phy_medicine.toml"),
            seeds=_TOML,
            words=_TOML_WORDS,
            shapes=_toml_lines(_NAMES),
        ),
        Target(
            "phy_config",
            "`phy_config.py`",
            _phy_config,
            _put_config,
            seeds=_CONFIG,
            words=texts(*_CONFIG_NAMES, '"', "[", "{", "1e999"),
            shapes=_CONFIG_SHAPES,
            allowed=frozenset({"exec"}),
        ),
        Target(
            "sort_toml",
            "settings of `sort` (TOML)",
            lambda data, folder: read_settings(folder / "sort.toml"),
            in_file("sort.toml"),
            seeds=(*_TOML, *texts("threshold = 5\n[sort]\nrank = 3\n")),
            words=_TOML_WORDS,
            shapes=_toml_lines(("rank", "sort.rank", "x", "device", "sort")),
        ),
        Target(
            "run_toml",
            "settings of `run` (TOML)",
            lambda data, folder: read_config(folder / "run.toml"),
            in_file("run.toml"),
            seeds=(*_TOML, *texts("[run]\nstages = 3\n[detect]\nthreshold = 5\n")),
            words=_TOML_WORDS,
        ),
        Target(
            "plugin_file",
            "plugin files, as data",
            lambda data, folder: plugin_files.read_file(folder / "plugin.py"),
            in_file("plugin.py"),
            seeds=_PLUGIN,
            words=_PLUGIN_WORDS,
            shapes=shapes.lines_of([w.decode() for w in _PLUGIN_WORDS]),
        ),
        Target(
            "style_sheet",
            "style sheets of plugins",
            lambda data, folder: read_sheet(data.decode("utf-8", "replace")),
            seeds=_SHEET,
            words=_SHEET_WORDS,
            shapes=shapes.lines_of([w.decode() for w in _SHEET_WORDS]),
        ),
    )
