"""What tests of every layer share: the data beside the repository, a simulated dataset, a home of their own."""

from __future__ import annotations

import gc
import importlib.util
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
BriefFolder = Callable[[], AbstractContextManager[Path]]

# A slow machine is no failure.
hypothesis.settings.register_profile("no deadlines", deadline=None)
hypothesis.settings.load_profile("no deadlines")

# Tests run side by side: threads of one test wait spinning for those of another, which took four times as long, also in
# the processes of jobs.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# Nor do jobs stand back behind tests: with both processors at work for others they would not compute at all.
os.environ["PHY_MEDICINE_NICE"] = "0"

# A dock that is floated keeps its OpenGL objects only with shared contexts, chosen before vispy is imported.
os.environ["VISPY_PYQT5_SHARE_CONTEXT"] = "true"


@pytest.fixture(scope="session")
def brief_folder(tmp_path_factory: pytest.TempPathFactory) -> BriefFolder:
    """Makes folders for use in `with`, which are removed at its end: those of pytest stay until all tests are over."""
    place = tmp_path_factory.mktemp("brief")

    @contextmanager
    def make() -> Iterator[Path]:
        with TemporaryDirectory(dir=place) as folder:
            yield Path(folder)

    return make


@pytest.fixture(autouse=True)
def own_home(brief_folder: BriefFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh folder for the user's state, so that no test sees the user's own nor another test's; no phy's either."""
    with brief_folder() as home:
        monkeypatch.setenv("PHY_MEDICINE_HOME", str(home))
        monkeypatch.setenv("PHY_MEDICINE_PHY_DIR", str(home / "phy"))
        yield home


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Take back what a test does to the log: its handler holds a stderr that is closed after the test."""
    logger = logging.getLogger("phy_medicine")
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture(scope="module")
def old_objects_left_alone() -> None:
    """Let the garbage collector look at nothing that is older than the tests of a module.

    Windows and canvases must be collected after each test; a collection that looks at everything takes 0.3 s.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real datasets: `$PHY_MEDICINE_SHARED/data`, else `../shared/data` beside the repository."""
    shared = Path(os.environ.get("PHY_MEDICINE_SHARED") or REPOSITORY.parent / "shared")
    if not (shared / "data").is_dir():
        pytest.skip("no real datasets here: set PHY_MEDICINE_SHARED to the folder that holds data/")
    return shared / "data"


@pytest.fixture(scope="session")
def simulated_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The params.py of a small simulated dataset, made once; look, but change nothing: take `dataset` for that."""
    from phy_medicine.io.simulate import SimulationSettings, simulate

    settings = SimulationSettings(channels=16, units=8, duration_s=20.0, drift="zigzag", oversplit=0.4, seed=1)
    return simulate(tmp_path_factory.mktemp("simulated"), settings)


@pytest.fixture
def dataset(simulated_dataset: Path, tmp_path: Path) -> Path:
    """The params.py of a copy of the simulated dataset, free to be changed."""
    shutil.copytree(simulated_dataset.parent, tmp_path / "dataset")
    return tmp_path / "dataset" / simulated_dataset.name


@pytest.fixture(scope="session")
def script() -> Iterator[Callable[[str], ModuleType]]:
    """Loads a module of `scripts/`, which is no package, by its name."""
    folder = REPOSITORY / "scripts"

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield load


@pytest.fixture(scope="session")
def qapp() -> Any:
    """The application as the program makes it, whichever test is first: there is one in a process."""
    return pytest.importorskip("phy_medicine.gui.app").create_app()
