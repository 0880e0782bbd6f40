"""What is shipped: the list of packages, the wheel, the layers."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "phy_medicine", "glsl", "plugins")


@pytest.fixture(scope="module")
def config() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(REPOSITORY / "setup.cfg")
    return parser


@pytest.fixture(scope="module")
def installed(brief_folder) -> Iterator[Path]:
    """Folder into which a wheel of the source was installed, without its requirements."""
    with brief_folder() as work:
        for name in SOURCES:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, work / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (work / "source").mkdir(exist_ok=True)
                shutil.copy(source, work / "source" / name)
        pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
        build = (*pip, "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", str(work), str(work / "source"))
        subprocess.run(build, check=True, capture_output=True)
        (wheel,) = work.glob("*.whl")
        install = (*pip, "install", "--no-deps", "--no-compile", "--target", str(work / "installed"), str(wheel))
        subprocess.run(install, check=True, capture_output=True)
        yield work / "installed"


def test_every_package_folder_is_listed(config: configparser.ConfigParser):
    listed = set(config["options"]["packages"].split())
    folders = {path.parent.relative_to(REPOSITORY) for path in (REPOSITORY / "phy_medicine").rglob("*.py")}
    found = {".".join(folder.parts) for folder in folders}
    assert listed == found | {"phy_medicine.contrib", "phy_medicine.glsl"}


def test_wheel_holds_shaders_data_and_shipped_plugins(installed: Path):
    package = installed / "phy_medicine"
    shaders = {path.name for path in (REPOSITORY / "glsl").iterdir() if path.is_file()}
    assert {path.name for path in (package / "glsl").iterdir()} == shaders
    assert any(name.endswith(".frag") for name in shaders)
    assert (package / "contrib" / "__init__.py").exists()
    data = {path.name for path in (REPOSITORY / "phy_medicine" / "data").iterdir() if path.is_file()}
    assert data <= {path.name for path in (package / "data").iterdir()}


def test_installed_wheel_runs_away_from_the_source(installed: Path, tmp_path: Path):
    code = (
        "import phy_medicine, phy_medicine.contrib, phy_medicine.app.cli as c; print(phy_medicine.__file__); c.main()"
    )
    command = [sys.executable, "-c", code, "--version"]
    result = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True
    )
    where, version = result.stdout.splitlines()
    assert Path(where) == installed / "phy_medicine" / "__init__.py"
    assert version.startswith("phy-med, version ")


def test_every_requirement_is_pinned(config: configparser.ConfigParser):
    extras = [line for value in config["options.extras_require"].values() for line in value.strip().splitlines()]
    wanted = {_name(line) for line in (*config["options"]["install_requires"].split(), *extras)}
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", pin) for pin in pins)
    assert wanted <= {_name(pin) for pin in pins}


def test_versions_agree(config: configparser.ConfigParser):
    import phy_medicine

    assert config["metadata"]["version"] == "attr: phy_medicine.__version__"
    assert f"version: {phy_medicine.__version__}\n" in (REPOSITORY / "CITATION.cff").read_text()
    tools = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert tools["tool"]["mypy"]["python_version"] == "3.11"


def test_layers_hold():
    lint_imports = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint_imports, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def _name(requirement: str) -> str:
    """The normalised name of a requirement line."""
    return re.split(r"[\[<>=!~]", requirement)[0].lower().replace("_", "-").replace(".", "-")
