"""Readers of parameters, tables and events."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from phy_medicine.io.checks import CheckList
from phy_medicine.io.curation_start import si_unit_ids
from phy_medicine.io.events import read_events
from phy_medicine.io.metadata import read_metadata
from phy_medicine.io.params_py import read_params
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
    """Return the readers of parameters, tables and events."""
    return (
        Target(
            "params",
            "`params.py`",
            _params,
            in_file("params.py"),
            seeds=_PARAMS,
            words=_PARAM_WORDS,
            shapes=_PARAM_LINES,
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
        ),
        Target(
            "si_units",
            "`cluster_si_unit_ids.tsv`",
            lambda data, folder: si_unit_ids(folder),
            in_file("cluster_si_unit_ids.tsv"),
            seeds=texts("cluster_id\tsi_unit_id\n0\tu0\n1\t7\n"),
            words=_TSV_WORDS,
            shapes=shapes.tables(("cluster_id", "si_unit_id")),
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
