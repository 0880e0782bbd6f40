"""Jobs whose code is a file of a plugin: no module that another process could import."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from phy_medicine.compute.job_kinds import JobKind
from phy_medicine.compute.jobs import Job, JobQueue, JobRequest

SOURCE = """
from dataclasses import dataclass
import beside_of_test
from phy_medicine.plugin import setting

@dataclass(frozen=True)
class Settings:
    n: int = setting(3, "How many")

def run(context):
    return {"squares": beside_of_test.square(context.settings.n)}
"""
BESIDE = "import numpy as np\ndef square(n):\n    return np.arange(n) ** 2\n"


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    queue = JobQueue()
    yield queue
    queue.close()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A plugin as the program runs it: its folder is on no path, the module has no specification."""
    (tmp_path / "plugin_of_test.py").write_text(SOURCE)
    (tmp_path / "beside_of_test.py").write_text(BESIDE)
    beside = ModuleType("beside_of_test")
    exec(BESIDE, vars(beside))
    monkeypatch.setitem(sys.modules, "beside_of_test", beside)
    module = ModuleType("plugin_of_test")
    module.__file__ = str(tmp_path / "plugin_of_test.py")
    monkeypatch.setitem(sys.modules, "plugin_of_test", module)
    exec(SOURCE, vars(module))
    return module


def run(queue: JobQueue, kind: JobKind, folder: Path) -> Job:
    job = queue.submit(JobRequest(kind, kind.settings_class(n=4), folder, {}))
    assert queue.wait(job, 60)
    return job


def test_the_worker_runs_the_file_of_a_plugin_and_what_is_beside_it(queue, plugin, tmp_path):
    for kind in (
        JobKind("squares", "Squares", plugin.Settings, plugin.run),
        JobKind("squares", "Squares", "plugin_of_test:Settings", "plugin_of_test:run"),
    ):
        assert kind.source == tmp_path / "plugin_of_test.py"
        job = run(queue, kind, tmp_path / f"job {len(queue.jobs)}")
        assert job.state == "done", job.error
        assert np.array_equal(job.result.load(job.folder / "result")["squares"], [0, 1, 4, 9])


def test_code_of_a_package_is_imported_by_its_name():
    from phy_medicine.compute.time_left import TimeLeft, in_words

    kind = JobKind("words", "Words", TimeLeft, in_words)
    assert (kind.run_path, kind.source) == ("phy_medicine.compute.time_left:in_words", None)
    assert JobKind("motion", "Motion", "a:b", "phy_medicine.compute.motion.job:run").source is None


def test_a_file_that_changed_since_the_job_was_made_is_not_run(queue, plugin, tmp_path):
    kind = JobKind("squares", "Squares", plugin.Settings, plugin.run)
    path = tmp_path / "plugin_of_test.py"

    def spoil(job: Job) -> None:
        if (job.folder / "job.json").exists() and job.message == "Starting":
            path.write_text(SOURCE + "raise SystemExit('this must not run')\n")

    queue.changed.connect(spoil)
    job = run(queue, kind, tmp_path / "job")
    assert job.state == "failed" and "changed since the job was made" in job.error


def test_a_plugin_that_cannot_be_run_alone_is_a_sentence(queue, plugin, tmp_path):
    (tmp_path / "plugin_of_test.py").write_text("import surely_not_there_x\n")
    job = run(queue, JobKind("squares", "Squares", plugin.Settings, plugin.run), tmp_path / "job")
    assert job.state == "failed"
    assert "plugin_of_test.py cannot be run in a process of its own: ModuleNotFoundError" in job.error
