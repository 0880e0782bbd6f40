"""The benchmarks of a copy of the source, by what each says of itself; none is imported."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from phy_medicine.base.errors import PhyMedError

_OWN = ("benchmarks", "phy_medicine")
_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_SMALL = "DATASET, or a small one is simulated"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a benchmark says of itself.

    name : of the module; measures : first line of its docstring
    usage : lines to type, without what they are for
    needs : words that have to be given, and what the docstring says to be needed, each in a few words
    not_installed : packages that it imports somewhere and that are not there
    writes_json : it has the option `--out FILE`
    """

    name: str
    measures: str
    usage: tuple[str, ...]
    needs: tuple[str, ...]
    not_installed: tuple[str, ...]
    writes_json: bool


def benchmark_folder() -> Path:
    """Return the folder of the benchmarks, beside the package.

    Raises
    ------
    PhyMedError : the program was installed without it
    """
    source = Path(__file__).resolve().parents[2]
    folder = source / "benchmarks"
    if (source / "setup.cfg").is_file() and (folder / "__main__.py").is_file():
        return folder
    raise PhyMedError(
        f"There are no benchmarks in {source}: they come with a copy of the source, from which `pip install -e .` "
        "installs the program with them."
    )


def benchmarks(folder: Path) -> tuple[Benchmark, ...]:
    """Return the benchmarks of a folder in alphabetical order; modules that only help others are left out."""
    found = (read(path) for path in sorted(folder.glob("*.py")) if not path.name.startswith("_"))
    return tuple(benchmark for benchmark in found if benchmark is not None)


def read(path: Path) -> Benchmark | None:
    """Return what a module says of itself.

    None where it is no benchmark: without a `main()`, options of its own or a line in its docstring how to run it
    """
    tree = ast.parse(path.read_text("utf-8"))
    name, text = path.stem, ast.get_docstring(tree) or ""
    usage, modules = tuple(_usage(name, text)), set(_imported(tree))
    if not (usage and "argparse" in modules and any(map(_is_main, tree.body))):
        return None
    return Benchmark(
        name,
        measures=text.splitlines()[0],
        usage=usage,
        needs=tuple(_needs(usage, text)),
        not_installed=tuple(sorted(filter(_is_missing, modules))),
        writes_json=any(isinstance(node, ast.Constant) and node.value == "--out" for node in ast.walk(tree)),
    )


def _usage(name: str, text: str) -> Iterator[str]:
    """Yield the lines that run a module, as they are typed for `phy-med bench`."""
    for line in text.splitlines():
        if re.match(rf"\s*python -m benchmarks\.{name}\b", line):
            typed = re.split(r"\s{3,}", line.strip())[0]  # after it stands what it is for
            yield typed.replace(f"python -m benchmarks.{name}", f"phy-med bench {name}")


def _needs(usage: tuple[str, ...], text: str) -> Iterator[str]:
    """Yield what has to be there: words outside of brackets, unless a line does without, and a sentence `Needs ...`."""
    given = list(dict.fromkeys(_given(line) for line in usage))
    if all(given):
        yield " or ".join(given)
    if any("[DATASET" in line for line in usage):
        yield _SMALL
    if said := re.search(r"\bNeeds ([^.;(]+)", text):
        yield " ".join(said[1].split())


def _given(line: str) -> str:
    """Return the words of a line that are not in brackets, without the command."""
    while _BRACKETS.search(line):
        line = _BRACKETS.sub("", line)
    return " ".join(line.split()[3:])


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the packages that a module imports, at its top or inside of functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _is_missing(package: str) -> bool:
    return package not in sys.stdlib_module_names and package not in _OWN and find_spec(package) is None


def _is_main(node: ast.stmt) -> bool:
    """Whether this is a function `main` that can be called without arguments."""
    if not (isinstance(node, ast.FunctionDef) and node.name == "main"):
        return False
    return len(node.args.args) == len(node.args.defaults)
