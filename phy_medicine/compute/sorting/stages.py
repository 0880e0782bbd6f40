"""What each stage of a sort found, kept in a folder: a sort that was interrupted goes on where it was.

A stage is a folder with an `.npy` file for each array and a manifest, which is written last. Its key is made of what
was sorted, of the settings it uses, and of the key of the stage before it; one with another key is computed again.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.job_files import as_json
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.io.durable import replace_file, sync_file, sync_folder
from phy_medicine.io.npy_rows import NpyRows

MANIFEST = "stage.json"
_PART = ".part"
"""End of the names of what is not complete; what holds nothing else holds nothing to go on from."""
_IN_MEMORY = 16 << 20
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Where to compute is no property of what is found.
_NOT_USED = ("device",)

Arrays = Mapping[str, AnyArray]


class Stages:
    """The stages of one sort, in the order in which they are asked for.

    Parameters
    ----------
    folder : that outlives the sort; None keeps nothing
    settings : of the sort; None where nothing is kept that could depend on them
    inputs : what tells this recording and these channels from others, JSON values
    show : told what each stage found, also when it was kept; what it finds on the way may be shown too
    """

    def __init__(
        self,
        folder: Path | None = None,
        settings: SortingSettings | None = None,
        inputs: Mapping[str, Any] | None = None,
        show: Callable[[str, Arrays], object] = lambda name, arrays: None,
    ) -> None:
        self.folder = folder
        self._settings = asdict(settings) if settings is not None else {}
        self._key = _hash(dict(inputs or {}))
        self.show = show
        self._scratch: Path | None = None
        self._n_asked = 0

    def get(self, name: str, compute: Callable[[], Arrays], *, uses: Iterable[str] | None = None) -> Arrays:
        """Return what a stage found: what is kept of it, large arrays mapped, or what `compute` returns.

        Parameters
        ----------
        name : of the stage, lower case
        compute : arrays by name, none of them of objects; one that `rows` wrote is moved and not copied
        uses : names of the settings that the stage depends on beside those of earlier ones; None is all

        Raises
        ------
        OSError : what was found could not be written
        """
        assert _NAME.fullmatch(name), name
        names = sorted(set(self._settings if uses is None else uses) - set(_NOT_USED))
        values = {setting: self._settings[setting] for setting in names} if self._settings else {}
        self._key = _hash([self._key, name, values])
        self._n_asked += 1
        found = self._read(name)
        if found is None:
            found = {array: np.asanyarray(value) for array, value in compute().items()}
            found = found if self.folder is None else self._write(name, found)
        self.show(name, found)
        return found

    def rows(self, name: str, row_shape: tuple[int, ...], dtype: Any) -> NpyRows:
        """Return a file to append rows to, for an array too large for memory that a stage returns."""
        return NpyRows(self._scratch_folder() / f"{name}.npy", row_shape, dtype)

    def array(self, name: str) -> Callable[[tuple[int, ...]], FloatArray]:
        """Return what makes a float32 array in a file, for one too large for memory; it lasts as long as the stages."""

        def make(shape: tuple[int, ...]) -> FloatArray:
            if not np.prod(shape):
                return np.zeros(shape, np.float32)
            path = self._scratch_folder() / f"{name}.npy"
            made: FloatArray = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
            return made

        return make

    def kept(self) -> tuple[str, ...]:
        """Return the names of the stages in the folder, in the order of their work, whatever their keys."""
        manifests = {name: facts for name in self._names() if (facts := self._manifest(name))}
        return tuple(sorted(manifests, key=lambda name: int(manifests[name]["order"])))

    def from_stage(self, name: str) -> tuple[str, ...]:
        """Return the names of a stage and those after it.

        Raises
        ------
        PhyMedError : the stage is not there
        """
        there = self.kept()
        if name not in there:
            known = f"there are {', '.join(there)}" if there else "nothing is kept of an earlier one"
            raise PhyMedError(f"This sort has no stage {name!r} to go on from; {known}.")
        return there[there.index(name) :]

    def forget(self, names: Iterable[str]) -> None:
        """Forget stages, so that they are computed again."""
        for name in reversed(tuple(names)):
            self._forget(name)

    def _names(self) -> list[str]:
        if self.folder is None or not self.folder.is_dir():
            return []
        return sorted(entry.name for entry in self.folder.iterdir() if _NAME.fullmatch(entry.name))

    def _manifest(self, name: str) -> dict[str, Any] | None:
        """What is said of a stage; None without a valid manifest."""
        assert self.folder is not None
        try:
            facts: dict[str, Any] = parse_json((self.folder / name / MANIFEST).read_text("utf-8"))
            known = "key" in facts and isinstance(facts["order"], int) and isinstance(facts["arrays"], dict)
            return facts if known else None
        except (OSError, *WRONG_CONTENT):
            return None

    def _read(self, name: str) -> Arrays | None:
        """The arrays of a stage with the present key; None when any is not what was written."""
        facts = self._manifest(name) if self.folder is not None else None
        if facts is None or facts["key"] != self._key:
            return None
        assert self.folder is not None
        try:
            arrays = {array: _load(self.folder / name / f"{array}.npy") for array in facts["arrays"]}
        except Exception:  # what numpy has for damaged files
            return None
        same = all([list(a.shape), a.dtype.str] == facts["arrays"][array] for array, a in arrays.items())
        return arrays if same else None

    def _write(self, name: str, found: Arrays) -> Arrays:
        """Keep the arrays of a stage and return them as they would be read."""
        assert self.folder is not None
        self._forget(name)
        folder, draft = self.folder / name, self.folder / f"{name}{_PART}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for array, value in found.items():
            self._write_array(draft / f"{array}.npy", value)
        shapes = {array: [list(value.shape), value.dtype.str] for array, value in found.items()}
        manifest = {"key": self._key, "order": self._n_asked, "arrays": shapes}
        replace_file(draft / MANIFEST, json.dumps(manifest, indent=1).encode())
        draft.replace(folder)
        sync_folder(self.folder)
        return {array: _load(folder / f"{array}.npy") for array in found}

    def _write_array(self, path: Path, value: AnyArray) -> None:
        source = getattr(value, "filename", None)
        if self._scratch is not None and source is not None and Path(source).parent == self._scratch:
            Path(source).replace(path)
            if not any(self._scratch.iterdir()):
                self._scratch.rmdir()
                self._scratch = None
        else:
            np.save(path, value, allow_pickle=False)
            sync_file(path)

    def _forget(self, name: str) -> None:
        assert self.folder is not None
        # Without its manifest a stage is not valid, whatever happens next.
        (self.folder / name / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def _scratch_folder(self) -> Path:
        if self._scratch is None:
            if self.folder is None:
                self._scratch = Path(tempfile.mkdtemp(prefix="phy_medicine_sort_"))
                weakref.finalize(self, shutil.rmtree, self._scratch, True)
            else:
                self._scratch = self.folder / f"scratch{_PART}"
                shutil.rmtree(self._scratch, ignore_errors=True)
                self._scratch.mkdir(parents=True)
        return self._scratch


def _load(path: Path) -> AnyArray:
    """An array as it was returned, which may be written to; a large one is mapped, and its file stays as it is."""
    if path.stat().st_size <= _IN_MEMORY:
        array: AnyArray = np.load(path, allow_pickle=False)
        return array
    return np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(as_json(value), sort_keys=True).encode()).hexdigest()
