"""The product runs no program of a dataset: whatever could is listed here, with the reason why it may stay."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNPICKLERS = {
    "pickle",
    "_pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "jsonpickle",
    "pandas",
}
READS = {"load", "loads", "Unpickler", "open", "read_pickle", "decode"}

ALLOWED = {
    ("app/plugin_files.py", "exec"): "plugins from the folder of the user, or named on the command line",
    ("app/config_files.py", "exec"): "the configuration in the user's own folder",
    ("app/phy_compat/config.py", "exec"): "the same, for plugins made for phy that read it themselves",
    ("app/phy_compat/files.py", "exec"): "a function of phylib that only plugins call",
    ("app/phy_compat/files.py", "joblib.load"): "a function of phylib that only plugins call",
}


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _imported(tree: ast.Module) -> dict[str, str]:
    """Name in the module -> what it stands for."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {
                (a.asname or a.name.partition(".")[0]): (a.name if a.asname else a.name.partition(".")[0])
                for a in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return names


def unsafe(source: str) -> Iterator[str]:
    """Yield the calls of a module that could run a program that somebody else wrote."""
    tree = ast.parse(source)
    names = _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            dotted = _dotted(node.func)
            head, _, rest = dotted.partition(".")
            called = ".".join(filter(None, (names.get(head, head), rest)))
            yield from _unsafe_call(called, {k.arg: k.value for k in node.keywords})


def _unsafe_call(called: str, options: dict[str | None, ast.expr]) -> Iterator[str]:
    package, _, last = called.rpartition(".")
    if called in (
        "exec",
        "eval",
        "os.system",
        "os.popen",
        "builtins.exec",
        "builtins.eval",
        "yaml.load",
        "runpy.run_path",
    ) or (package.partition(".")[0] in UNPICKLERS and last in READS):
        yield called
    elif called == "torch.load" and not _is(options.get("weights_only"), True):
        yield "torch.load without weights_only"
    elif called == "numpy.load" and not _is(options.get("allow_pickle"), False):
        yield "numpy.load without allow_pickle=False"
    elif package == "subprocess" and options.get("shell") is not None and not _is(options["shell"], False):
        yield f"{called} of a shell"


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def test_nothing_can_run_a_program_of_a_dataset():
    found = {
        (path.relative_to(root).as_posix(), call)
        for root in (ROOT / "phy_medicine", ROOT / "plugins")
        for path in root.rglob("*.py")
        for call in unsafe(path.read_text("utf-8"))
    }
    assert found - ALLOWED.keys() == set()
    assert ALLOWED.keys() - found == set(), "no longer there; take it off the list"


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("exec('1')", "exec"),
        ("import pickle\npickle.load(f)", "pickle.load"),
        ("from joblib import load\nload(f)", "joblib.load"),
        ("import numpy as np\nnp.load(f)", "numpy.load without allow_pickle=False"),
        ("import numpy as np\nnp.load(f, allow_pickle=True)", "numpy.load without allow_pickle=False"),
        ("import torch\ntorch.load(f)", "torch.load without weights_only"),
        ("import torch as t\nt.load(f, weights_only=False)", "torch.load without weights_only"),
        ("import subprocess\nsubprocess.run(c, shell=True)", "subprocess.run of a shell"),
        ("import pandas as pd\npd.read_pickle(f)", "pandas.read_pickle"),
    ],
)
def test_each_unsafe_call_is_found(source: str, call: str):
    assert list(unsafe(source)) == [call]


@pytest.mark.parametrize(
    "source", ["import numpy as np\nnp.load(f, allow_pickle=False)", "network.eval()", "app.exec_()"]
)
def test_safe_calls_are_not(source: str):
    assert list(unsafe(source)) == []
