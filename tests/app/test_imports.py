"""What is loaded when: importing the package and opening a session must cost little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
JOBS_ONLY = {"matplotlib", "numba", "sklearn", "spikeinterface", "torch"}
WITH_TORCH = [
    f"phy_medicine.compute.{package}.{name}"
    for package, names in {
        "localize": ["apply", "checkpoints", "features", "joint", "joint_steps", "losses", "networks", "train"],
        "sorting": [
            *("convolution", "dense", "initialise", "low_rank", "reference", "torch_board", "torch_data"),
            *("torch_exchange", "torch_matching", "torch_pursuit", "torch_rows", "torch_scores"),
        ],
    }.items()
    for name in names
]
"""Networks and what trains them, the reference solver, the sorter on a card: they are made of torch's own classes."""
HEAVY = (*sorted(JOBS_ONLY), "PyQt5", "h5py", "mtscomp", "pandas", "qtconsole", "scipy", "vispy")


def heavy_modules_after(code: str, *arguments: str) -> list[str]:
    """Run code in a fresh interpreter and return the heavy packages it has loaded."""
    program = f"import json, sys\n{code}\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    loaded: list[str] = json.loads(result.stdout.splitlines()[-1])
    return loaded


def test_importing_the_package_loads_nothing_heavy_nor_numpy():
    assert heavy_modules_after("import phy_medicine; assert 'numpy' not in sys.modules") == []


def test_importing_from_the_plugin_module_loads_nothing_heavy_unless_a_view_is_asked_for():
    names = "Plugin, Action, Metric, Splitter, JobKind, TraceFilter, setting"
    assert heavy_modules_after(f"from phy_medicine.plugin import {names}") == []
    assert heavy_modules_after("import phy_medicine.plugin; assert 'numpy' not in sys.modules") == []
    pytest.importorskip("vispy")
    loaded = heavy_modules_after("from phy_medicine.plugin import View, Axes")
    assert "vispy" in loaded and not {"PyQt5", "torch", "matplotlib"} & set(loaded)


def test_command_line_loads_nothing_heavy():
    assert heavy_modules_after("import phy_medicine.app.cli, phy_medicine.app.template_gui") == []


def test_opening_a_session_loads_nothing_heavy(dataset: Path):
    assert heavy_modules_after("import phy_medicine; phy_medicine.open(sys.argv[1]).close()", str(dataset)) == []


@pytest.mark.parametrize("layer", ["session", "views", "gui", "compute"])
def test_no_module_of_a_window_loads_what_belongs_to_jobs(layer: str):
    """Compiled kernels with numba itself, models and readers of recordings are for the processes of the jobs."""
    if layer in ("views", "gui"):
        pytest.importorskip("PyQt5")
    code = f"""
import importlib, pkgutil
import phy_medicine.{layer} as layer
for found in pkgutil.walk_packages(layer.__path__, layer.__name__ + "."):
    if not found.name.rpartition(".")[2].startswith("_kernels") and found.name not in {WITH_TORCH!r}:
        importlib.import_module(found.name)
"""
    assert not set(heavy_modules_after(code)) & JOBS_ONLY


def test_a_session_that_runs_a_motion_job_and_uses_its_result_loads_nothing_of_it(dataset: Path):
    code = """
import phy_medicine
session = phy_medicine.open(sys.argv[1])
job = session.jobs.start("motion", num_depth_bins=1)
assert session.jobs.wait(job, 120) and job.state == "done", job.error
assert session.motion.current is not None
session.depths.corrected
session.clusters.to_dicts()
session.similar.rows(session.cluster_ids[0])
session.close()
"""
    assert not set(heavy_modules_after(code, str(dataset))) & JOBS_ONLY


def test_unknown_name_of_the_package_is_an_attribute_error():
    code = "import phy_medicine\ntry: phy_medicine.curate\nexcept AttributeError: pass\nelse: raise SystemExit(1)"
    assert heavy_modules_after(code) == []
