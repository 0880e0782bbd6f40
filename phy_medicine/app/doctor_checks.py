"""The questions of doctor that this process can answer: machine, packages, settings, plugins, dataset."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import phy_medicine
from phy_medicine.app.build import check_display, make_book
from phy_medicine.app.config_files import written
from phy_medicine.app.doctor_probes import Answer
from phy_medicine.app.doctor_report import Section
from phy_medicine.base.configuration import Configuration
from phy_medicine.base.crash_report import reports, reports_dir
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.paths import OwnFiles, phy_dir, user_dir

if TYPE_CHECKING:
    from phy_medicine.app.settings_table import InForce
    from phy_medicine.io.model import Model

_NEEDED = {"click", "h5py", "numba", "numpy", "psygnal", "pyqt5", "scipy", "vispy"}
"""Without these no window opens; without another one, something that is said when it is asked for."""
_SHOWN_REPORTS = 3
_LITTLE_MEMORY_GB, _LITTLE_DISK_GB = 1.0, 1.0


def gigabytes(n_bytes: float) -> str:
    """Return a size as people read it."""
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.0f} MB"


def machine() -> Section:
    """Return system, processors, memory and disk."""
    from phy_medicine.compute.device import n_processors

    section = Section("Machine")
    section.add("System", f"{platform.system()} {platform.release()}, {platform.machine()}")
    section.add("Processors", str(n_processors()), data=n_processors())
    memory = _memory()
    if memory is not None:
        total, free = memory
        section.add("Memory", f"{gigabytes(total)}, {gigabytes(free)} free", data={"total": total, "free": free})
        if free < _LITTLE_MEMORY_GB * 1e9:
            section.warn(f"Only {gigabytes(free)} of memory is free; close other programs before opening a dataset.")
    home = user_dir()
    folder = next(path for path in (home, *home.parents) if path.exists())
    free_disk = shutil.disk_usage(folder).free
    may = os.access(folder, os.W_OK)
    words = "can be written" if may else "cannot be written"
    section.add("Own folder", f"{written(home)}: {words}, {gigabytes(free_disk)} free",
                data={"path": str(home), "writable": may, "free": free_disk})  # fmt: skip
    if not may:
        section.warn(
            f"{written(folder)} cannot be written, so window, layouts and settings are not remembered; "
            "correct its permissions, or set PHY_MEDICINE_HOME to another folder."
        )
    elif free_disk < _LITTLE_DISK_GB * 1e9:
        section.warn(f"Only {gigabytes(free_disk)} of disk is free at {written(folder)}; make room.")
    return section


def faults() -> Section:
    """Return the reports of faults that were written, the newest first."""
    section = Section("Reports of faults")
    section.add("Folder", written(reports_dir()))
    for path in reports()[:_SHOWN_REPORTS]:
        section.add(path.name.split("_")[0].removeprefix("report-"), path.name, data=str(path))
    n = len(reports())
    if n:
        section.note = f"{n} in all. They hold nothing of your data; please send the newest with a report of a fault."
    else:
        section.note = "None."
    return section


def _memory() -> tuple[int, int] | None:
    """Return total and free bytes, None where nothing can tell."""
    try:
        import psutil
    except ImportError:
        return None
    memory = psutil.virtual_memory()
    return int(memory.total), int(memory.available)


def python() -> Section:
    """Return the versions of Python and of all packages that the program asks for."""
    section = Section("Python")
    section.add("phy-medicine", f"{phy_medicine.__version__}, {written(Path(phy_medicine.__file__).parent)}")
    section.add("Python", f"{platform.python_version()}, {written(Path(sys.executable))}")
    for name, wanted in _wanted():
        try:
            found = version(name)
        except PackageNotFoundError:
            section.add(name, "missing")
            section.warn(f"The package {name} is missing; run `pip install '{name}{wanted}'`.",
                         fatal=name.lower() in _NEEDED)  # fmt: skip
            continue
        section.add(name, found)
        if not _fits(found, wanted):
            section.warn(f"{name} {found} is not {wanted}; run `pip install '{name}{wanted}'`.")
    return section


def _wanted() -> list[tuple[str, str]]:
    """Return name and version wanted of each package without which something is missing."""
    from packaging.requirements import Requirement

    try:
        texts = requires("phy-medicine") or []
    except PackageNotFoundError:
        return [(name, "") for name in sorted(_NEEDED)]
    found = [Requirement(text) for text in texts]
    return sorted(((r.name, str(r.specifier)) for r in found if r.marker is None), key=lambda pair: pair[0].lower())


def _fits(found: str, wanted: str) -> bool:
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(wanted).contains(found, prereleases=True)


def opengl(answer: Answer | None) -> Section:
    """Return what draws the views; None: there was no display to ask."""
    section = Section("Display")
    if answer is None:
        try:
            check_display()
        except PhyMedError as error:
            section.add("Display", "none")
            section.warn(str(error), fatal=True)
        return section
    if answer.error:
        section.add("OpenGL", f"not usable: {answer.error}")
        section.warn(
            f"No window can draw here ({answer.error}). Install the driver of the graphics card, or Mesa "
            "(libgl1-mesa-dri) and, on Linux, libxcb-xinerama0 and libxkbcommon-x11-0; on a remote machine use a "
            "desktop with GLX, or `xvfb-run -a`.",
            fatal=True,
        )
        return section
    facts = answer.facts
    section.add("Vendor", facts["vendor"])
    section.add("Renderer", facts["renderer"] + (" (in software)" if facts["software"] else ""))
    section.add("OpenGL", f"{facts['version']}, shading language {facts['shading_language']}")
    section.add("Largest texture", f"{facts['texture_size']:,}", data=facts["texture_size"])
    section.add("Screen", facts["screen"] or "unknown")
    section.add("Font", facts["font"])
    if _number(facts["version"]) < 2.1:
        section.warn(f"OpenGL {facts['version']} is too old; the views need 2.1. Update the driver.", fatal=True)
    if facts["software"]:
        section.note = "The processor draws; that works, and is slower than a graphics card for millions of spikes."
    return section


def _number(text: str) -> float:
    try:
        return float(".".join(text.split()[0].split(".")[:2]))
    except (ValueError, IndexError):
        return 0.0


def torch(answer: Answer) -> Section:
    """Return what jobs can compute on."""
    section = Section("Devices for jobs")
    if answer.error:
        section.add("torch", f"not usable: {answer.error}")
        section.warn(f"torch cannot be used ({answer.error}), so jobs fail; install it again: `pip install torch`.")
        return section
    facts = answer.facts
    section.add("torch", facts["version"] + (f", CUDA {facts['cuda']}" if facts["cuda"] else ", without CUDA"))
    for card in facts["cards"]:
        words = f"{card['name']}, {card['free_gb']:.1f} of {card['total_gb']:.1f} GB free"
        section.add(card["device"], words, data=card)
    if facts["mps"]:
        section.add("mps", "Apple graphics")
    section.add("cpu", "always")
    return section


def settings(configuration: Configuration, in_force: list[InForce], *, all_of_them: bool) -> Section:
    """Return every setting with its value and where it comes from."""
    section = Section("Settings")
    for path in configuration.files:
        section.add("Read", written(path))
    if not configuration.files:
        section.add("Read", f"no file: neither {written(phy_dir() / 'phy_config.py')} nor "
                            f"{written(user_dir() / 'config.py')}")  # fmt: skip
    n_left = 0
    for one in in_force:
        if "." in one.name and not one.chosen and not all_of_them:
            n_left += 1
            continue
        section.add(one.name, f"{_plain(one.value)} {one.unit}".strip(), one.source, data=one.value)
    for problem in configuration.problems:
        section.warn(problem)
    if n_left:
        section.note = f"{n_left} more settings of views and jobs have their defaults; --all lists them."
    return section


def _plain(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{k} {_plain(v)}" for k, v in value.items())
    return "none" if value == "" else str(value)


def plugins(configuration: Configuration, *, kwik: bool = False) -> Section:
    """Return the plugins that were found, without running any of them."""
    section = Section("Plugins")
    for folder in configuration.plugin_dirs:
        section.add("Folder", written(folder))
    for record in make_book(None, configuration, kwik=kwik).records:
        words = "will be attached" if record.state == "found" and record.asked_by else _STATES[record.state]
        where = written(Path(record.source)) if record.source else record.asked_by
        section.add(record.name, f"{words}\n{where}", data={"state": record.state, "source": record.source,
                                                            "asked_by": record.asked_by})  # fmt: skip
        if record.state in ("missing", "failed"):
            section.warn(f"Plugin {record.name}: {record.details.strip().splitlines()[-1]}")
    if not section.lines:
        section.note = "None found."
    return section


_STATES = {
    "attached": "in use", "failed": "cannot be read", "off": "switched off", "found": "not asked for",
    "new": "new, not run yet", "missing": "not found",
}  # fmt: skip


def dataset(path: Path) -> Section:
    """Return what is to be known before a dataset is curated."""
    from phy_medicine.io.open_model import open_model

    section = Section("Dataset")
    section.add("File", written(path))
    try:
        model = open_model(path)
    except PhyMedError as error:
        section.warn(str(error), fatal=True)
        return section
    section.add("Spikes", f"{len(model.spike_clusters):,}", data=len(model.spike_clusters))
    section.add("Raw data", model.traces_missing or "found")
    for check in model.checks:
        if check.severity == "warning":
            section.warn(str(check))
    _writing(section, model)
    return section


def _writing(section: Section, model: Model) -> None:
    """Add lock, unsaved work, and room for a save."""
    from phy_medicine.io.lock import DatasetLock
    from phy_medicine.session.storage import Storage

    owner = DatasetLock(model.dir_path).owner()
    if owner is not None:
        section.warn(f"It is being curated by {owner}; here it opens read-only until then.")
    storage = Storage(model)
    section.add("Changes", "refused" if storage.read_only else "accepted")
    if storage.read_only and owner is None:
        section.warn(f"{storage.why_read_only} Correct the permissions of {written(model.dir_path)} to save there.")
    if storage.pending is not None:
        section.add("Unsaved work", written(storage.pending))
        section.warn("There is unsaved work of an earlier session; the window offers it, or use --recover.")
    for journal in storage.stale:
        section.warn(f"The unsaved work in {written(journal.path)} no longer fits the labels; the window says why.")
    # The new files, and the backup of what they replace.
    needed = 2 * (len(model.spike_clusters) * 8 + 10_000_000)
    free = shutil.disk_usage(model.dir_path).free
    section.add("Room for a save", f"{gigabytes(free)} free, {gigabytes(needed)} needed at most",
                data={"free": free, "needed": needed})  # fmt: skip
    if free < needed:
        section.warn(f"The disk of {written(model.dir_path)} has too little room for a save; free {gigabytes(needed)}.")
    cache = OwnFiles(model.dir_path).cache
    size = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file()) if cache.is_dir() else 0
    section.add("Cache", gigabytes(size), data=size)
