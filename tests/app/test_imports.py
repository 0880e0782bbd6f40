"""What is loaded when: importing the package and opening a session must cost little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = ("PyQt5", "h5py", "matplotlib", "mtscomp", "numba", "pandas", "qtconsole", "scipy", "sklearn", "torch", "vispy")


def heavy_modules_after(code: str, *arguments: str) -> list[str]:
    """Run code in a fresh interpreter and return the heavy packages it has loaded."""
    program = f"import json, sys\n{code}\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    loaded: list[str] = json.loads(result.stdout.splitlines()[-1])
    return loaded


def test_importing_the_package_loads_nothing_heavy_nor_numpy():
    assert heavy_modules_after("import phy_medicine; assert 'numpy' not in sys.modules") == []


def test_command_line_loads_nothing_heavy():
    assert heavy_modules_after("import phy_medicine.app.cli, phy_medicine.app.template_gui") == []


def test_opening_a_session_loads_nothing_heavy(dataset: Path):
    assert heavy_modules_after("import phy_medicine; phy_medicine.open(sys.argv[1]).close()", str(dataset)) == []


def test_unknown_name_of_the_package_is_an_attribute_error():
    code = "import phy_medicine\ntry: phy_medicine.curate\nexcept AttributeError: pass\nelse: raise SystemExit(1)"
    assert heavy_modules_after(code) == []
