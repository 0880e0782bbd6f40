"""Readers of what people and programs write as text: parameters, tables, filters, command lines, settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from phy_medicine.app import config_files, config_reader, plugin_files
from phy_medicine.app.phy_compat.row_styles import read_sheet
from phy_medicine.app.sort import read_settings
from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.pipeline.settings import read_config
from phy_medicine.curation.filters import columns_in, compile_filter, in_filter
from phy_medicine.io.checks import CheckList
from phy_medicine.io.curation_start import si_unit_ids
from phy_medicine.io.events import read_events
from phy_medicine.io.metadata import read_metadata
from phy_medicine.io.params_py import read_params
from phy_medicine.session.actions import Action, ActionTable, Arg
from phy_medicine.session.snippets import complete, parse, quote, words_of
from tests.fuzz import shapes
from tests.fuzz.target import Target, in_file, texts

_PARAMS = texts(
    "dat_path = 'recording.dat'\nn_channels_dat = 10\ndtype = 'int16'\noffset = 0\nsample_rate = 30000.0\n"
    "hp_filtered = False\n",
    "import os\nfrom pathlib import Path\ndat_path = [os.path.join('..', 'a.dat'), Path(__file__).parent / 'b.dat']\n"
    "n_channels_dat = 2**6 + 1\nsample_rate = 3e4\n",
    "import numpy as np\ndtype = np.dtype('int16')\ndir_path = r'.'\ndat_path = None\nsample_rate = int('30000')\n",
    "x = {'a': (1, 2), 'b': [not True, -1.5]}\namplitude_threshold = .3\nn_closest_channels: int = 12\n",
    "dat_path = 'C:\\data\\x.dat'\nsample_rate = 9**9**9\n",
    "sample_rate = 2**64**64\nx = '%999999999d' % 3\ny = [0] * 10**9\n",
    "x = " + "-" * 3000 + "1\n",
    "x = " + "+".join(["1"] * 3000) + "\n",
)
_PARAM_WORDS = texts(
    "dat_path",
    "n_channels_dat",
    "dtype",
    "offset",
    "sample_rate",
    "dir_path",
    "hp_filtered",
    " = ",
    "'int16'",
    "np.int16",
    "os.path.join(",
    "Path(",
    ".parent",
    ".resolve()",
    "os.path.expanduser('~')",
    "int(",
    "float(",
    "str(",
    "**",
    "//",
    "%",
    "9**9",
    "1e999",
    "float('nan')",
    "float('inf')",
    "__file__",
    "lambda: 0",
    "[x for x in y]",
    "f'{x}'",
    "'''",
    "\\x00",
    "\\N{BULLET}",
    "\\ud800",
    "0x",
    "1_0",
    "not ",
    "-",
    "~",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "\n",
    "\r",
    ";",
    "#",
    "...",
    "import os",
    "del x",
)
_PARAM_LINES = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "dat_path",
                "n_channels_dat",
                "dtype",
                "offset",
                "sample_rate",
                "dir_path",
                "hp_filtered",
                "template_scaling",
                "n_closest_channels",
                "amplitude_threshold",
                "show_mapped_channels",
                "x",
            )
        ),
        st.one_of(
            shapes.values.map(repr),
            shapes.lines_of([w.decode() for w in _PARAM_WORDS], glue=("", " ")).map(
                lambda data: data.decode("utf-8", "replace")
            ),
        ),
    ),
    max_size=6,
).map(lambda lines: "\n".join(f"{name} = {value}" for name, value in lines).encode("utf-8", "surrogatepass"))


def _params(data: bytes, folder: Path) -> None:
    found = read_params(folder / "params.py")
    assert found.sample_rate > 0 and found.offset >= 0 and found.dtype.kind in "iuf"


def _metadata(data: bytes, folder: Path) -> None:
    found, checks = read_metadata(folder)
    assert all(type(c) is int for values in found.fields.values() for c in values)
    assert all(isinstance(str(check), str) for check in checks)


_TSV = texts(
    "cluster_id\tgroup\n3\tgood\n5\tnoise\n",
    'cluster_id\tnote\r\n3\t"a\tb"\r\n4\t1e5\r\n5\tnan\r\n',
    "\ufeffcluster_id,KSLabel,ContamPct\n0,good,3.5\n1,mua,\n",
    "cluster_id\tgroup\n1\t2\n2\t99\n",
)
_TSV_WORDS = texts(
    "cluster_id", "group", "\t", ",", "\n", "\r\n", '"', '""', "1e999", "-1", "9" * 50, "nan", "\x00", "\ufeff"
)


_COLUMNS = {
    "id": int,
    "n_spikes": int,
    "group": str,
    "depth": float,
    "fr": float,
    "note": str,
    "a b": str,
    "x`y": object,
}
_ROWS: tuple[dict[str, Any], ...] = (
    {"id": 3, "n_spikes": 1000, "group": "good", "depth": 1.5, "fr": 0.1, "note": "abc", "a b": "1", "x`y": True},
    {
        "id": 0,
        "n_spikes": 0,
        "group": None,
        "depth": float("nan"),
        "fr": float("inf"),
        "note": "a" * 40 + "!",
        "a b": None,
    },
    {
        "id": 2**40,
        "n_spikes": 10**400,
        "group": "0",
        "depth": -1e308,
        "fr": 5e-324,
        "note": "9" * 5000,
        "a b": "٣",
        "x`y": 2,
    },
)
_FILTER = texts(
    "n_spikes > 100 and group != 'noise'",
    "id in [1, 2, 3] or not (depth < 5 && fr >= 0.5)",
    "note ~ 'a.*b' and `a b` == None",
    "group === 'good' || group !== null",
    "'x' in note",
    "1 < depth <= 2",
    "-n_spikes * 3 / 0 % 2 + 1 > (2)",
    "note ~ '(a+)+$'",
    "note ~ '(a|a)*b'",
    "note ~ '(?:a?){30}a{30}x'",
    "note !~ '^\\\\w+\\\\s*[^x-z]'",
    "note is not none",
)
_FILTER_WORDS = texts(
    "id",
    "n_spikes",
    "group",
    "depth",
    "fr",
    "note",
    "`a b`",
    "`x``y`",
    " and ",
    " or ",
    "not ",
    "&&",
    "||",
    "!",
    "==",
    "===",
    "!=",
    "<=",
    "<",
    " in ",
    "not in",
    " is ",
    "~",
    "!~",
    "None",
    "True",
    "(",
    ")",
    "[",
    "]",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "'a'",
    "'(a+)+$'",
    "'(?P<x>a)(?P=x)'",
    "'(?<=a)b'",
    "'[a-z]{2,}'",
    "'a{99999}'",
    "'((a*)*)*b'",
    "1e999",
    "9" * 5000,
    "0",
    "1.5",
    "'",
    '"',
    "\\",
)
_PATTERNS = shapes.lines_of(
    [
        "a",
        "b",
        "!",
        ".",
        "\\w",
        "\\d",
        "\\s",
        "\\b",
        "[a-c]",
        "[^a]",
        "(",
        ")",
        "(?:",
        "(?i)",
        "(?=",
        "|",
        "*",
        "+",
        "?",
        "{2}",
        "{1,}",
        "{30}",
        "{999999999}",
        "^",
        "$",
        "\\1",
        "\\Z",
        "*?",
        "++",
        "\\x61",
        "\\N{BULLET}",
        "(?P<n>",
    ],
    glue=("",),
).map(lambda data: b"note ~ '" + data.replace(b"'", b"").replace(b"\\", b"\\\\") + b"'")


def _filter(data: bytes, folder: Path) -> None:
    text = data.decode("utf-8", "surrogateescape")
    test = compile_filter(text, _COLUMNS)
    assert all(isinstance(test(row), bool) for row in _ROWS)
    assert columns_in(text) is not None
    for name in columns_in(text):
        assert columns_in(in_filter(name)) == (name,)


def _table() -> ActionTable:
    def take(*args: Any) -> tuple[Any, ...]:
        return args

    choices = ("wide", "two words", "it's", 'a "b"', "")
    return ActionTable(
        [
            Action("select", "Select", take, alias="c", args=(Arg("ids", "ids"),)),
            Action("filter", "Filter", take, alias="f", args=(Arg("text", "rest", optional=True),)),
            Action("sort_prefix", "Sort", take, args=(Arg("name"), Arg("way", optional=True))),
            Action(
                "label",
                "Label...",
                take,
                alias="l",
                args=(Arg("field", choices=choices), Arg("value", "value", optional=True)),
            ),
            Action("set_shortcut", "Key", take, args=(Arg("action", choices=lambda: choices), Arg("key", "rest"))),
            Action("merge", "Merge", take, shortcuts=("G",), alias="g"),
        ]
    )


_ACTIONS = _table()
_LINES = texts(
    ":c 3 5-9,11",
    ":f n_spikes > 10",
    "label note 'two words'",
    ":sde asc",
    "set-shortcut merge Ctrl+M",
    ":l x -1.5e3",
    "::g",
    ':l "a b" "it\'s"',
    ":c 0-99999999999999999999",
    "c ٣ ²-³",
    ":label 'open",
    ":c " + "9" * 5000,
)
_LINE_WORDS = texts(
    ":",
    "c ",
    "f ",
    "l ",
    "g",
    "sns",
    "label ",
    "set-shortcut ",
    "3-7",
    "0-99999",
    "1,2",
    "-",
    "'",
    '"',
    " ",
    "\t",
    "1e5",
    ".5",
    "1e999",
    "+",
    "²",
    "٣",
    "\x1c",
    "\x85",
    "9" * 5000,
)


def _snippet(data: bytes, folder: Path) -> None:
    line = data.decode("utf-8", "surrogateescape")
    for longer in complete(line, _ACTIONS):
        assert isinstance(longer, str)
    parse(line, _ACTIONS).run()
    for word in words_of(line):
        if not set(word.text) & set("\"'"):
            assert [w.text for w in words_of(quote(word.text))] == [word.text]


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

_EVENTS = texts(
    "1.0,2.0,3.0\n4.0,5.0\n",
    "time,label,duration\n1.0,lick,0.5\n2.0,,\n",
    "onset\tend\n1\t2\n",
    "1\n2\n3\n",
    "time\n1e999\nnan\n",
    "a,b\n1,2\n",
)


def _events(data: bytes, folder: Path) -> None:
    for train in read_events(folder, 30_000.0, CheckList()).values():
        assert len(train.times_s) == len(train.ends_s)


def _put_events(data: bytes, folder: Path) -> None:
    """The first byte says into which of the files the rest goes."""
    names = ("events.csv", "events.tsv", "run.xd_8_3.txt", "event_labels.csv")
    (folder / names[(data[0] if data else 0) % 4]).write_bytes(data[1:])


def targets() -> tuple[Target, ...]:
    """Return the readers of texts."""
    return (
        Target(
            "params",
            "`params.py`",
            _params,
            in_file("params.py"),
            seeds=_PARAMS,
            words=_PARAM_WORDS,
            shapes=_PARAM_LINES,
            share=2,
        ),
        Target(
            "tsv",
            "`cluster_*.tsv`",
            _metadata,
            in_file("cluster_x.tsv"),
            seeds=_TSV,
            words=_TSV_WORDS,
            shapes=shapes.tables(("cluster_id", "group", "note")),
        ),
        Target(
            "csv",
            "`cluster_*.csv`",
            _metadata,
            in_file("x.csv"),
            seeds=_TSV,
            words=_TSV_WORDS,
            shapes=shapes.tables(("cluster_id", "group", "note")),
            share=0.5,
        ),
        Target(
            "si_units",
            "`cluster_si_unit_ids.tsv`",
            lambda data, folder: si_unit_ids(folder),
            in_file("cluster_si_unit_ids.tsv"),
            seeds=texts("cluster_id\tsi_unit_id\n0\tu0\n1\t7\n"),
            words=_TSV_WORDS,
            shapes=shapes.tables(("cluster_id", "si_unit_id")),
            share=0.5,
        ),
        Target(
            "filter",
            "filters",
            _filter,
            seeds=_FILTER,
            words=_FILTER_WORDS,
            shapes=st.one_of(shapes.lines_of([w.decode() for w in _FILTER_WORDS], glue=("", " ")), _PATTERNS),
            share=2,
        ),
        Target(
            "snippet",
            "command line",
            _snippet,
            seeds=_LINES,
            words=_LINE_WORDS,
            shapes=shapes.lines_of([w.decode() for w in _LINE_WORDS], glue=("", " ")),
            share=2,
        ),
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
            share=0.2,
        ),
        Target(
            "sort_toml",
            "settings of `sort` (TOML)",
            lambda data, folder: read_settings(folder / "sort.toml"),
            in_file("sort.toml"),
            seeds=(*_TOML, *texts("threshold = 5\n[sort]\nrank = 3\n")),
            words=_TOML_WORDS,
            shapes=_toml_lines(("rank", "sort.rank", "x", "device", "sort")),
            share=0.5,
        ),
        Target(
            "run_toml",
            "settings of `run` (TOML)",
            lambda data, folder: read_config(folder / "run.toml"),
            in_file("run.toml"),
            seeds=(*_TOML, *texts("[run]\nstages = 3\n[detect]\nthreshold = 5\n")),
            words=_TOML_WORDS,
            share=0.3,
        ),
        Target(
            "plugin_file",
            "plugin files, as data",
            lambda data, folder: plugin_files.read_file(folder / "plugin.py"),
            in_file("plugin.py"),
            seeds=_PLUGIN,
            words=_PLUGIN_WORDS,
            shapes=shapes.lines_of([w.decode() for w in _PLUGIN_WORDS]),
            share=0.5,
        ),
        Target(
            "style_sheet",
            "style sheets of plugins",
            lambda data, folder: read_sheet(data.decode("utf-8", "replace")),
            seeds=_SHEET,
            words=_SHEET_WORDS,
            shapes=shapes.lines_of([w.decode() for w in _SHEET_WORDS]),
            share=0.5,
        ),
        Target(
            "events",
            "event tables",
            _events,
            _put_events,
            seeds=tuple(bytes([i % 4]) + s for i, s in enumerate(_EVENTS * 2)),
            words=texts("time", "label", "duration", "end", ",", "\t", "\n", '"', "nan", "1e999", "#"),
            shapes=st.tuples(st.integers(0, 3), shapes.tables(("time", "label", "duration", "end"))).map(
                lambda pair: bytes([pair[0]]) + pair[1]
            ),
        ),
    )
