"""The recipe of docs/pipeline.md, with a cluster of this machine in the place of SLURM's."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from ..clusters import dask_cluster

PAGE = Path(__file__).parents[3] / "docs" / "pipeline.md"
EXAMPLES = dict(re.findall(r"<!-- example: (\S+) -->\n```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
NAMES = ("slurm",)
OPTIONS = {"queue", "cores", "processes", "memory", "walltime", "job_extra_directives"}
"""Of dask-jobqueue's clusters, those that the recipe may use."""


def test_the_page_has_every_example():
    assert sorted(EXAMPLES) == sorted(NAMES)


def test_the_recipe_runs_on_the_cluster_that_it_starts(simulated_dataset, tmp_path, monkeypatch):
    asked: dict[str, object] = {}

    @contextmanager
    def slurm_cluster(**options):
        assert set(options) <= OPTIONS
        with dask_cluster(1) as address:
            yield SimpleNamespace(scale=lambda jobs: asked.update(jobs=jobs), scheduler_address=address)

    module = ModuleType("dask_jobqueue")
    module.SLURMCluster = slurm_cluster
    monkeypatch.setitem(sys.modules, "dask_jobqueue", module)
    folder = simulated_dataset.parent
    words = ["--sample-rate", "30000", "--channels", "16", "--probe", str(folder / "probe.json"), "--no-sort"]
    monkeypatch.setattr(
        sys, "argv", ["slurm_run.py", str(folder / "recording.dat"), *words, "--out", str(tmp_path / "out")]
    )
    with pytest.raises(SystemExit) as ended:
        exec(compile(EXAMPLES["slurm"], "slurm_run.py", "exec"), {"__name__": "__main__"})
    assert ended.value.code == 0
    assert asked == {"jobs": 10}
    assert len(np.load(tmp_path / "out/run/detect/peaks.npy")) > 100
