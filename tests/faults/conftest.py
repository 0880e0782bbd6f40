"""The library that makes a disk fail, and the process that forks the cases."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.zygote import Zygote

SOURCE = Path(__file__).with_name("disk_faults.c")


@pytest.fixture(scope="session")
def faults_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """disk_faults.c, compiled; skips where that cannot be done."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("faults of the disk are made by a small library, which needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("library") / "disk_faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


@pytest.fixture(scope="module")
def zygote(faults_library: Path) -> Iterator[Zygote]:
    """A process that forks children with faulty disks."""
    with Zygote(faults_library) as process:
        yield process
