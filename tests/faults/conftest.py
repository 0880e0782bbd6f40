"""The library that makes a disk fail, and the process that forks the cases."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Callable[[str, Counter[str]], None]:
    """Takes what a test counted, to be printed at the end, also when tests run side by side."""

    def count(what: str, counts: Counter[str]) -> None:
        record_property(what, dict(counts))

    return count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the sum of all counts."""
    sums: dict[str, Counter[str]] = {}
    for report in terminalreporter.getreports("passed"):
        for what, counts in report.user_properties:
            sums.setdefault(what, Counter()).update(counts)
    for what, counts in sums.items():
        numbers = ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items()))
        terminalreporter.write_line(f"{what}: {numbers}")


@pytest.fixture(scope="module")
def zygote(faults_library: Path) -> Iterator[Zygote]:
    """A process that forks children with faulty disks."""
    with Zygote(faults_library) as process:
        yield process
