"""Clusters as a `TsGroup` of pynapple, with what is known of each; events and time ranges as its epochs."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.io.events import EventTrain
from phy_medicine.io.export.handover import Handover
from phy_medicine.io.export.output import ExportReport, needed, new_file, new_folder, written


def to_ts_group(content: Handover) -> Any:
    """Return a `pynapple.TsGroup`: spike times in s by cluster id, over the whole recording.

    Its metadata are the columns of the cluster table, under names that Python allows. `rate` is pynapple's own; the
    table's `fr`, which is the same, is left out.

    Raises
    ------
    DatasetError : pynapple is not installed
    """
    nap = needed("pynapple", "analysis")
    order, ends = content.by_cluster()
    trains = np.split(content.times_s[order], ends[:-1])
    support = _support(nap, content, content.times_s)
    spikes = {
        int(cluster): nap.Ts(t=train, time_support=support)
        for cluster, train in zip(content.cluster_ids, trains, strict=True)
    }
    metadata = {_column_name(nap, name): content.column(name) for name in content.columns if name != "fr"}
    return nap.TsGroup(spikes, time_support=support, bypass_check=True, metadata=metadata)


def epochs(content: Handover) -> dict[str, Any]:
    """Return time ranges and events by name: `IntervalSet` where they have an end, else `Ts`."""
    nap = needed("pynapple", "analysis")
    found = {f"range_{name}": nap.IntervalSet(start=a, end=b) for name, (a, b) in content.ranges.items()}
    for name, train in content.events.items():
        found[_free(_python_name(name), found)] = _epoch(nap, content, train)
    return found


def export_pynapple(content: Handover, out: Path, *, force: bool = False) -> ExportReport:
    """Write what `pynapple.load_file` reads.

    Parameters
    ----------
    out : an `.npz` file for the units alone, or a folder for `units.npz` and a file for each kind of event and each
        time range, which `pynapple.load_folder` reads

    Raises
    ------
    DatasetError : pynapple is missing, the output exists and `force` is not set, or it cannot be written
    """
    units, n_bytes = to_ts_group(content), 16 * content.n_spikes
    if out.suffix == ".npz":
        with new_file(out, force=force, n_bytes=n_bytes) as temporary:
            units.save(str(temporary))
        n_left = len(content.events) + len(content.ranges)
        note = f"An .npz file holds the units alone; name a folder for the {n_left} events and ranges too."
        return ExportReport((out,), (note,) if n_left else ())
    with new_folder(out, force=force, n_bytes=n_bytes) as folder:
        units.save(str(folder / "units.npz"))
        for name, one in epochs(content).items():
            one.save(str(folder / f"{name}.npz"))
    return ExportReport(written(out), tuple(_lost(content)))


def _support(nap: Any, content: Handover, times_s: FloatArray) -> Any:
    """The recording, or more where times lie outside of it."""
    first, last = (float(times_s[0]), float(times_s[-1])) if len(times_s) else (0.0, 0.0)
    return nap.IntervalSet(start=min(0.0, first), end=max(content.duration_s, last))


def _epoch(nap: Any, content: Handover, train: EventTrain) -> Any:
    if not train.has_ends:
        return nap.Ts(t=np.array(train.times_s), time_support=_support(nap, content, train.times_s))
    ended = np.isfinite(train.ends_s)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of overlaps, which are told as a note
        return nap.IntervalSet(start=train.times_s[ended], end=train.ends_s[ended])


def _lost(content: Handover) -> Iterator[str]:
    """What an `IntervalSet` cannot hold."""
    nap = needed("pynapple", "analysis")
    for name, train in content.events.items():
        n_kept = len(_epoch(nap, content, train))
        if n_kept < len(train):
            yield (
                f"{len(train) - n_kept} of {len(train)} events {name!r} overlap others or have no end; pynapple's "
                "intervals cannot say that, and they were joined or left out."
            )


def _column_name(nap: Any, name: str) -> str:
    """A name for a column that pynapple does not use itself."""
    plain = _python_name(name)
    return f"{plain}_label" if plain in ("rate", *dir(nap.TsGroup)) else plain


def _python_name(name: str) -> str:
    """A name that can be written in Python."""
    plain: str = re.sub(r"\W", "_", name) or "events"
    return f"_{plain}" if plain[0].isdigit() else plain


def _free(name: str, taken: dict[str, Any]) -> str:
    return name if name not in taken else _free(f"{name}_2", taken)
