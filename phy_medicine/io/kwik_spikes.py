"""Times of the spikes of a Kwik file: recordings one after the other, never stepping back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import IntArray, frozen
from phy_medicine.io.array_files import as_integers
from phy_medicine.io.checks import CheckList
from phy_medicine.io.events import EventTrain, event_train
from phy_medicine.io.h5 import H5File, number_of

# Files repeat times that step back by a sample or two; more than this means another order of the spikes.
_LARGEST_STEP_BACK_S = 0.01
_MOST_RECORDINGS = 100_000


def read_samples(
    file: H5File, group: str, lengths: Sequence[int] | None, sample_rate: float, checks: CheckList
) -> tuple[IntArray, IntArray]:
    """Read the sample of each spike in the joined recordings, and where each recording begins.

    Parameters
    ----------
    group : path of the channel group
    lengths : samples of each recording's traces; None without traces, when the offsets are those that the file gives,
        else guessed from the last spike of each recording

    Returns
    -------
    (n_spikes,) int64, ascending, and (n_recordings + 1,) int64

    Raises
    ------
    DatasetError : no spikes, or spikes in another order than that of time
    """
    name = file.path.name
    path = f"{group}/spikes/time_samples"
    if not file.is_dataset(path):
        raise DatasetError(f"{name} has no spikes in channel group {group.rpartition('/')[2]}; choose another.")
    raw = file.read(path)
    samples = as_integers(raw.reshape(-1), Path(f"{path} in {name}"), np.int64)
    if len(samples) == 0:
        raise DatasetError(f"{path} in {name} holds no spikes; there is nothing to curate.")
    recordings = _read_recordings(file, group, len(samples), checks)
    offsets = _offsets(file, samples, recordings, lengths, checks)
    return frozen(_ascending(samples + offsets[recordings], sample_rate, name, checks)), offsets


def read_events(file: H5File, offsets: IntArray, sample_rate: float, checks: CheckList) -> dict[str, EventTrain]:
    """Read the events of each type."""
    out: dict[str, EventTrain] = {}
    for kind in file.children("/event_types"):
        path = f"/event_types/{kind}/events"
        try:
            samples = as_integers(file.read(f"{path}/time_samples").reshape(-1), Path(kind), np.int64)
            has_recordings = file.is_dataset(f"{path}/recording")
            recordings = file.read(f"{path}/recording").reshape(-1).astype(np.int64) if has_recordings else 0 * samples
            inside = np.clip(recordings, 0, len(offsets) - 1)
            out[kind] = event_train(kind, (samples + offsets[inside]) / sample_rate, file=file.path.name)
        except (DatasetError, ValueError) as error:
            checks.warn(file.path.name, f"the events {kind} cannot be read ({error}) and are left out.")
    return out


def _read_recordings(file: H5File, group: str, n_spikes: int, checks: CheckList) -> IntArray:
    path = f"{group}/spikes/recording"
    if not file.is_dataset(path):
        return np.zeros(n_spikes, dtype=np.int64)
    recordings = file.read(path).reshape(-1)
    fits = len(recordings) == n_spikes and recordings.dtype.kind in "iu"
    if not fits or recordings.min() < 0 or recordings.max() > _MOST_RECORDINGS:
        checks.warn(file.path.name, f"{path} does not fit the spikes, so all are taken as of the first recording.")
        return np.zeros(n_spikes, dtype=np.int64)
    return recordings.astype(np.int64)


def _offsets(
    file: H5File, samples: IntArray, recordings: IntArray, lengths: Sequence[int] | None, checks: CheckList
) -> IntArray:
    n = max(int(recordings.max()) + 1, len(file.children("/recordings")), 1)
    if lengths is not None:
        if len(lengths) < n:
            checks.warn(file.path.name, f"spikes name {n} recordings, but there are traces of {len(lengths)} only.")
        ends = np.cumsum([*lengths, *[0] * (n - len(lengths))])
        return np.concatenate([[0], ends]).astype(np.int64)
    last = np.zeros(n, dtype=np.int64)
    np.maximum.at(last, recordings, samples)
    starts = [number_of(file.read_attr(f"/recordings/{r}", "start_sample", None)) for r in range(n)]
    if all(start is not None for start in starts):
        given = np.array(starts, dtype=np.int64)
        if n == 1 or (given[1:] > given[:-1] + last[:-1]).all():
            return np.append(given - given[0], given[-1] - given[0] + last[-1])
    if n > 1:
        checks.warn(
            file.path.name,
            f"the lengths of its {n} recordings are not known without raw data; each ends at its last spike.",
        )
    # One less for each recording before, as klusta does, so that times are those that its users know.
    return np.concatenate([[0], np.cumsum(last)]) - np.arange(n + 1)


def _ascending(samples: IntArray, sample_rate: float, name: str, checks: CheckList) -> IntArray:
    """Raise each sample to that of the spike before where it steps back."""
    if int(samples[0]) >= 0 and (samples[1:] >= samples[:-1]).all():
        return samples
    repaired = np.maximum.accumulate(samples)
    worst = int((repaired - samples).max())
    if worst > max(2, _LARGEST_STEP_BACK_S * sample_rate):
        raise DatasetError(
            f"The spikes of {name} are not in the order of time: one comes {worst:,} samples before the one ahead of "
            "it; sort them, with their clusters and features, before opening."
        )
    n = int(np.count_nonzero(repaired != samples))
    if n:
        checks.warn(name, f"{n:,} spike times stepped back by up to {worst} samples and were moved up.")
    return repaired
