"""The store of derived results beside a dataset, `.phy_medicine/store.kwik`: itself a valid Kwik file.

It is opened for each operation and never kept open. HDF5 is not crash-safe, so it is never changed in place: each
change is made to a copy, which is read back, synced, and put in its place in one step. Readers of other processes see
the old file or the new one. Curation never depends on the store, and one that cannot be used is set aside.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import DatasetError, PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray
from phy_medicine.io.durable import iso_time, reason, time_stamp
from phy_medicine.io.store_file import StoreError, StoreFile, file_mark

if TYPE_CHECKING:
    from phy_medicine.io.h5 import H5File
    from phy_medicine.io.kwik_write import KwikContent
    from phy_medicine.io.model import Model
    from phy_medicine.io.store_runs import Comparison, Part, Run

__all__ = ["Store", "StoreError"]

NAME = "store.kwik"
_IDENTITY, _CLUSTERS = "dataset", "clusters"


def _anybody() -> None:
    """May write."""


class Store:
    """Results of computations on one dataset; nothing in it is ever overwritten.

    Parameters
    ----------
    dataset_dir : folder of the dataset
    describe : gives spikes, clusters and probe of the dataset, for a new store and before each new run
    name : of the file
    identity : text that is another one for another dataset, compared with the one in the store
    claim : called before each change; raises ReadOnlyError where this process may not write
    """

    def __init__(
        self,
        dataset_dir: Path,
        describe: Callable[[], KwikContent],
        *,
        name: str = NAME,
        identity: Callable[[], str] = str,
        claim: Callable[[], object] = _anybody,
    ) -> None:
        self.path = dataset_dir / ".phy_medicine" / name
        self._describe = describe
        self._identity = identity
        self._claim = claim
        self._file = StoreFile(self.path)
        self._lock = threading.RLock()
        self._problem = ""
        self._seen: tuple[object, tuple[Run, ...]] | None = None

    @property
    def problem(self) -> str:
        """Why a store was set aside or cannot be used, "" when all is well."""
        self.runs()
        return self._problem

    def runs(self, kind: str | None = None) -> tuple[Run, ...]:
        """Return the runs, of one kind or all, the oldest first; none when the store cannot be used."""
        with self._lock:
            mark = file_mark(self.path)
            if self._seen is None or self._seen[0] != mark:
                runs = self._look() if mark is not None else ()
                self._seen = (file_mark(self.path), runs)
            return tuple(run for run in self._seen[1] if kind in (None, run.kind))

    def run(self, run_id: str) -> Run:
        """Return a run by its id, or by its name where only one has it.

        Raises
        ------
        StoreError : there is none, or several of this name
        """
        runs = self.runs()
        found = [run for run in runs if run.id == run_id] or [run for run in runs if run.name == run_id]
        if len(found) == 1:
            return found[0]
        if found:
            raise StoreError(f"{len(found)} runs are called {run_id!r}; name one by its id.")
        raise StoreError(f"There is no run {run_id!r} in the store.")

    def read(self, run_id: str) -> dict[str, AnyArray]:
        """Return the arrays of a run.

        Raises
        ------
        StoreError : there is no such run
        DatasetError : the store is damaged
        """
        from phy_medicine.io.h5 import open_h5
        from phy_medicine.io.store_runs import read_arrays

        with self._lock:
            run = self.run(run_id)
            with open_h5(self.path) as file:
                return read_arrays(file, run)

    def add(
        self,
        kind: str,
        arrays: Mapping[str, AnyArray],
        *,
        units: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
        inputs: Mapping[str, str] | None = None,
        name: str | None = None,
        code_version: str | None = None,
        parts: Sequence[Part] = (),
    ) -> Run:
        """Keep a result as a new run, and its parts as runs of their own; each is named in the facts of the other.

        Raises
        ------
        ReadOnlyError : this process may not write
        StoreError : disk full, no rights; the store is as before
        """
        import phy_medicine
        from phy_medicine.io.kwik_write import content_bytes
        from phy_medicine.io.store_runs import Part, write_run

        common = dict(params or {}), dict(inputs or {}), code_version or phy_medicine.__version__, dict(units or {})
        with self._lock:
            self._claim()
            self.runs()  # sets aside what cannot be used
            added = self._linked([Part(kind, arrays, facts or {}), *parts], name, *common)
            dataset = self._describe()
            n_bytes = content_bytes(dataset) + sum(a.nbytes for _, content in added for a in content.values())

            def check(file: H5File) -> bool:
                return self._is_complete(file, added)

            with self._file.changing(n_bytes, check=check) as file:
                self._put_dataset(file, dataset)
                for run, content in added:
                    write_run(file, run, content)
            run = added[0][0]
            logger.debug("Stored %s as %r.", kind, run.name)
            return self.run(run.id)

    def _linked(
        self,
        parts: Sequence[Part],
        name: str | None,
        params: dict[str, Any],
        inputs: dict[str, str],
        version: str,
        units: dict[str, str],
    ) -> list[tuple[Run, dict[str, AnyArray]]]:
        """New runs with their arrays; the facts of the first name the others, theirs the first."""
        from phy_medicine.io.store_runs import Run

        for part in parts:
            if not part.kind.isidentifier():
                raise StoreError(f"{part.kind!r} cannot be the kind of a run; use a word.")
        stamp = time_stamp()
        ids = [stamp, *(f"{stamp}_{k}" for k in range(1, len(parts)))]
        links = [
            {part.kind: id_ for part, id_ in zip(parts[1:], ids[1:], strict=True)},
            *({parts[0].kind: ids[0]} for _ in parts[1:]),
        ]
        added = []
        for part, run_id, link in zip(parts, ids, links, strict=True):
            content = {key: np.asarray(array) for key, array in part.arrays.items()}
            called = name if name and run_id == stamp else self._free_name(part.kind)
            run = Run(
                run_id, part.kind, called, iso_time(), params, {**part.facts, **link},
                inputs, version, {key: unit for key, unit in units.items() if key in content},
                {key: array.shape for key, array in content.items()},
            )  # fmt: skip
            added.append((run, content))
        return added

    def rename(self, run_id: str, name: str) -> Run:
        """Give a run another name for people; its id stays.

        Raises
        ------
        ReadOnlyError, StoreError : not written; an empty name, or one that another run of the kind has
        """
        name = name.strip()
        with self._lock:
            self._claim()
            run = self.run(run_id)
            if name == run.name:
                return run
            if not name or any(other.name == name for other in self.runs(run.kind)):
                raise StoreError(f"There is a run called {name!r} already." if name else "A run needs a name.")
            with self._file.changing() as file:
                file.write_attr(run.path, "name", name)
            return replace(run, name=name)

    def delete(self, run_id: str) -> None:
        """Remove a run and give its place on the disk back.

        Raises
        ------
        ReadOnlyError, StoreError : not removed
        """
        with self._lock:
            self._claim()
            run = self.run(run_id)
            self._file.write_without(run.path)

    def export(self, run_id: str, folder: Path) -> tuple[Path, ...]:
        """Write a run as `.npy` files and a `run.json` into a folder, made if need be; return what was written.

        Raises
        ------
        StoreError : no such run, a file is there already, or the folder cannot be written
        """
        run, arrays = self.run(run_id), self.read(run_id)
        contents: dict[str, AnyArray | None] = {**{f"{name}.npy": array for name, array in arrays.items()}}
        contents["run.json"] = None
        there = [name for name in contents if (folder / name).exists()]
        if there:
            raise StoreError(f"{folder / there[0]} exists; choose another folder, nothing is overwritten.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, array in contents.items():
                with (folder / name).open("xb") as file:
                    if array is not None:
                        np.save(file, array, allow_pickle=False)
                    else:
                        file.write(json.dumps(asdict(run), indent=1).encode())
        except OSError as error:
            raise StoreError(f"Could not export to {folder}: {reason(error)}.") from None
        return tuple(folder / name for name in contents)

    def compare(self, first_id: str, second_id: str) -> Comparison:
        """Say in what two runs differ: settings, inputs, facts, arrays.

        Raises
        ------
        StoreError : a run does not exist, or they are of two kinds
        """
        from phy_medicine.io.store_runs import compare

        first, second = self.run(first_id), self.run(second_id)
        if first.kind != second.kind:
            raise StoreError(f"{first.name!r} is a run of {first.kind}, {second.name!r} of {second.kind}.")
        return compare(first, second, self.read(first.id), self.read(second.id))

    # Reading

    def _look(self) -> tuple[Run, ...]:
        """Return the runs; a store that cannot be used is set aside, by whoever may write."""
        from phy_medicine.io.h5 import open_h5
        from phy_medicine.io.store_runs import list_runs

        try:
            with open_h5(self.path) as file:
                why = self._foreign(file)
                if not why:
                    return list_runs(file)
        except DatasetError as error:
            why = str(error)
        self._set_aside(why)
        return ()

    def _foreign(self, file: H5File) -> str:
        from phy_medicine.io.store_runs import ROOT

        if file.read_attr("/", "kwik_version", None) is None or not file.exists(ROOT):
            return f"{self.path.name} was not made by this program."
        mine = self._identity()
        if mine and str(file.read_attr(ROOT, _IDENTITY, mine)) != mine:
            return f"{self.path.name} belongs to another dataset, or the spikes of this one changed."
        return ""

    def _set_aside(self, why: str) -> None:
        try:
            self._claim()
        except PhyMedError as error:
            self._problem = f"{why} Its results cannot be used here. {error}"
            logger.warning("%s", self._problem)
            return
        aside = self.path.with_name(f"{self.path.stem}.set-aside-{time_stamp()}.kwik")
        try:
            self.path.rename(aside)
        except OSError as error:
            self._problem = f"{why} It could not be set aside: {reason(error)}; move it away by hand."
        else:
            self._problem = f"{why} It was set aside as {aside.name}; a new store is begun with the next result."
        logger.warning("%s", self._problem)

    def _free_name(self, kind: str) -> str:
        names = {run.name for run in self.runs(kind)}
        return next(name for n in range(1, len(names) + 2) if (name := f"{kind} {n}") not in names)

    def _put_dataset(self, file: H5File, content: KwikContent) -> None:
        """Write the dataset into a new store; in an old one bring the clusters up to date."""
        from phy_medicine.io.kwik_write import MAIN, fill_kwik, write_clustering
        from phy_medicine.io.store_runs import ROOT

        mark = _mark_of(content)
        if not file.exists(ROOT):
            fill_kwik(file, content)
            file.make_group(ROOT)
            file.write_attr(ROOT, _IDENTITY, self._identity())
        elif file.read_attr(ROOT, _CLUSTERS, "") != mark:
            for number, group in content.channel_groups.items():
                path = f"/channel_groups/{number}"
                for part in ("clusters", "cluster_groups"):
                    if file.exists(f"{path}/{part}/{MAIN}"):
                        file.delete(f"{path}/{part}/{MAIN}")
                write_clustering(file, path, MAIN, group.clusterings[MAIN])
        file.write_attr(ROOT, _CLUSTERS, mark)

    def _is_complete(self, file: H5File, added: Sequence[tuple[Run, Mapping[str, AnyArray]]]) -> bool:
        """Whether a new store has all runs of the old one, and the new runs as they were given."""
        from phy_medicine.io.store_runs import list_runs, read_arrays

        known = {other.id for other in list_runs(file)}
        for run, arrays in added:
            back = read_arrays(file, run)
            same = back.keys() == arrays.keys() and all(_same(back[name], arrays[name]) for name in arrays)
            if not same or run.id not in known:
                return False
        return all(other.id in known for other in self.runs())


def identity_of(model: Model) -> str:
    """Return text that is another one for other spikes; curation does not change it."""
    samples = np.ascontiguousarray(model.spike_samples[:: max(1, model.n_spikes // 100_000)], dtype=np.int64)
    facts = f"{model.n_spikes} {model.sample_rate} {model.n_channels}".encode()
    return hashlib.sha256(facts + samples.tobytes()).hexdigest()


def _mark_of(content: KwikContent) -> str:
    """Hash of the curated clusters: labels, groups and label columns."""
    from phy_medicine.io.kwik_write import MAIN

    digest = hashlib.sha256()
    for number, group in content.channel_groups.items():
        clusters = group.clusterings[MAIN]
        fields = sorted((name, sorted(values.items())) for name, values in clusters.fields.items())
        digest.update(repr((number, sorted(clusters.groups.items()), fields)).encode())
        digest.update(np.ascontiguousarray(clusters.labels, dtype=np.int32).data)
    return digest.hexdigest()


def _same(a: AnyArray, b: AnyArray) -> bool:
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=b.dtype.kind == "f")
