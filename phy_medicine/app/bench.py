"""`phy-med bench`: the benchmarks of a copy of the source, listed, and run by name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from phy_medicine.app.bench_list import Benchmark, benchmark_folder, benchmarks
from phy_medicine.app.cli import debug_option
from phy_medicine.base.configuration import nearest
from phy_medicine.base.errors import PhyMedError

_STDERR = 2
_WIDTH = 21


class _Passing(click.Command):
    """Leaves `--help` after a name to the benchmark of this name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and not args[0].startswith("-"):
            ctx.help_option_names = []
        return super().parse_args(ctx, args)


@click.command("bench", cls=_Passing, context_settings={"ignore_unknown_options": True})
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; what a benchmark says meanwhile goes to stderr.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the figures as JSON to FILE."
)
@debug_option
@click.pass_context
def command(
    ctx: click.Context, name: str | None, arguments: tuple[str, ...], *, as_json: bool, out: Path | None
) -> None:
    """List the benchmarks of this program, or run the one called NAME.

    ARGUMENTS are those of the benchmark; `phy-med bench NAME --help` says which. Where a DATASET is measured and none
    is named, a small one is simulated, which takes some ten seconds. The exit code is that of the benchmark. Benchmarks
    come with a copy of the source of the program.

    \b
    phy-med bench
    phy-med bench assignment --spikes 100000 --clusters 50
    """
    folder = benchmark_folder()
    found = benchmarks(folder)
    if name is None:
        _list(found, as_json=as_json)
        return
    benchmark = _named(name, found)
    words = [sys.executable, "-P", "-m", *_module(benchmark, debug=ctx.meta.get("debug", False)), *arguments]
    wanted = as_json or out is not None
    ctx.exit(_run_for_json(benchmark, words, folder, out, as_json=as_json) if wanted else _run(words, folder))


def _list(found: Sequence[Benchmark], *, as_json: bool) -> None:
    """Say what each measures and needs."""
    if as_json:
        click.echo(json.dumps([asdict(benchmark) for benchmark in found], indent=1))
        return
    for benchmark in found:
        click.echo(f"{benchmark.name:<{_WIDTH}}{benchmark.measures}")
        missing = (f"{package}, which is not installed" for package in benchmark.not_installed)
        if needs := "; ".join((*benchmark.needs, *missing)):
            click.echo(f"{'':<{_WIDTH}}needs {needs}")
    click.echo(
        "\n`phy-med bench NAME` runs one of them; `phy-med bench NAME --help` says what it does, and its options."
    )


def _named(name: str, found: Sequence[Benchmark]) -> Benchmark:
    by_name = {benchmark.name: benchmark for benchmark in found}
    benchmark = by_name.get(name.replace("-", "_"))
    if benchmark is None:
        raise PhyMedError(f"There is no benchmark {name}.{nearest(name, by_name)} `phy-med bench` lists all of them.")
    return benchmark


def _module(benchmark: Benchmark, *, debug: bool) -> tuple[str, ...]:
    """What Python runs: the module itself shows the traceback of an error, the folder makes it a sentence."""
    return (f"benchmarks.{benchmark.name}",) if debug else ("benchmarks", benchmark.name)


def _run(words: Sequence[str], folder: Path, stdout: int | None = None) -> int:
    """Run a benchmark in a process of its own; returns its exit code, 128 and more after a signal."""
    path = os.pathsep.join(filter(None, (str(folder.parent), os.environ.get("PYTHONPATH", ""))))
    code = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, stdout=stdout, check=False).returncode
    return code if code >= 0 else 128 - code


def _run_for_json(benchmark: Benchmark, words: Sequence[str], folder: Path, out: Path | None, *, as_json: bool) -> int:
    """Run a benchmark, and print its figures or write them to a file once they are all there.

    Raises
    ------
    PhyMedError : it writes none, or the folder of the file does not exist
    """
    if not benchmark.writes_json:
        raise PhyMedError(f"The benchmark {benchmark.name} gives no figures as JSON; leave out --json and --out.")
    if out is not None and not out.absolute().parent.is_dir():
        raise PhyMedError(f"{out} cannot be written: the folder {out.absolute().parent} does not exist.")
    with tempfile.TemporaryDirectory() as place:
        result = Path(place) / "result.json"
        code = _run([*words, "--out", str(result)], folder, _STDERR if as_json else None)
        if code or {"--help", "-h"} & set(words):
            return code
        if not result.is_file():
            raise PhyMedError(f"The benchmark {benchmark.name} gives no figures as JSON when it is run like this.")
        if as_json:
            click.echo(result.read_text("utf-8").rstrip())
        if out is not None:
            shutil.copyfile(result, out)
    return 0
