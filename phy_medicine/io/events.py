"""Events of an experiment: stimuli, licks, TTL edges, read from the files that lie beside a dataset.

| file | content |
|---|---|
| `events.csv`, `events.tsv`, no header | a row for each kind of event, times in s; `event_labels.csv` names them |
| the same with a header | a row for each event: `time`, and perhaps `label`, `duration` or `end` |
| `events.npy`, `events_<name>.npy`, `event_<name>.npy` | times, or onsets and ends (n, 2); whole numbers are samples |
| a folder `TTL`, `TTL_<name>`, `ttl` | Open Ephys: `sample_numbers.npy` or `timestamps.npy`, with `states.npy` |
| `*.xd_*.txt`, `*.xa_*.txt` | CatGT: one time in s in each line |

The first layout is that of the users' PSTH plugin for phy.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.io.array_files import map_array
from phy_medicine.io.checks import CheckList
from phy_medicine.io.durable import reason
from phy_medicine.io.plain_file import is_plain, open_plain

_TIMES = ("time", "time_s", "times", "onset", "onset_s", "start", "start_s", "start_time", "timestamp", "timestamps")
_LABELS = ("label", "event", "name", "type", "kind", "condition", "trial_type", "stimulus")
_DURATIONS = ("duration", "duration_s")
_ENDS = ("end", "end_s", "stop", "stop_s", "offset", "end_time", "stop_time")
_UNNAMED = "events"


@dataclass(frozen=True, slots=True)
class EventTrain:
    """All events of one kind, in order of time.

    times_s : (n,) float64, s from the start of the recording, ascending; ends_s : (n,) float64, NaN where an event
    has no end; file : where they came from; n_lost : events that were left out because they have no time
    """

    name: str
    times_s: FloatArray
    ends_s: FloatArray
    file: str = ""
    n_lost: int = 0

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def has_ends(self) -> bool:
        """Whether an event has an end."""
        return bool(np.isfinite(self.ends_s).any())

    def between(self, start_s: float, stop_s: float) -> EventTrain:
        """Return the events of a stretch of time; those at its end are not in it."""
        inside = slice(*np.searchsorted(self.times_s, [start_s, stop_s]))
        return EventTrain(self.name, self.times_s[inside], self.ends_s[inside], self.file)


def event_train(name: str, times_s: FloatArray, ends_s: FloatArray | None = None, file: str = "") -> EventTrain:
    """Return a train of the events with a time, put in order of time."""
    times = np.asarray(times_s, dtype=np.float64).reshape(-1)
    ends = np.full(len(times), np.nan) if ends_s is None else np.asarray(ends_s, dtype=np.float64).reshape(-1)
    order = np.argsort(times, kind="stable")
    order = order[np.isfinite(times[order])]
    return EventTrain(name, frozen(times[order]), frozen(ends[order]), file, len(times) - len(order))


def read_events(folder: Path, sample_rate: float, checks: CheckList) -> dict[str, EventTrain]:
    """Read all events of a dataset, by the name of their kind; a kind found twice keeps the name of its file as well.

    folder : that of `params.py`; sample_rate : Hz, for times that are given in samples

    What cannot be read is left out with a remark.
    """
    trains: dict[str, EventTrain] = {}
    for path in _event_files(folder):
        try:
            found = list(_read(path, sample_rate))
        except (DatasetError, OSError, ValueError, csv.Error) as error:
            why = reason(error) if isinstance(error, OSError) else error
            checks.warn(path.name, f"holds no events that can be read ({why}) and is left out.")
            continue
        for train in found:
            if train.n_lost:
                checks.warn(path.name, f"{train.n_lost:,} events of {train.name} have no time and are left out.")
            if len(train):
                name = train.name if train.name not in trains else f"{train.name} ({path.name})"
                trains[name] = EventTrain(name, train.times_s, train.ends_s, path.name)
    return trains


def _event_files(folder: Path) -> Iterator[Path]:
    patterns = ("events.csv", "events.tsv", "events.npy", "events_*.npy", "event_*.npy", "TTL", "TTL_*", "ttl",
                "*.xd_*.txt", "*.xa_*.txt")  # fmt: skip
    seen: set[Path] = set()
    for path in itertools.chain.from_iterable(sorted(folder.glob(pattern)) for pattern in patterns):
        wants_folder = path.name.lower().startswith("ttl")
        if path not in seen and path.is_dir() == wants_folder:
            seen.add(path)
            yield path


def _read(path: Path, sample_rate: float) -> Iterable[EventTrain]:
    if path.is_dir():
        return _read_ttl(path, sample_rate)
    if path.suffix == ".npy":
        return [_read_array(path, sample_rate)]
    if path.suffix == ".txt":
        return [event_train(path.stem, _lines(path))]
    return _read_table(path)


def _lines(path: Path) -> FloatArray:
    """The first number of each line."""
    with TextIOWrapper(open_plain(path), encoding="utf-8") as file:
        return np.loadtxt(file, dtype=np.float64, ndmin=1, usecols=0)


# Tables


def _read_table(path: Path) -> list[EventTrain]:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with TextIOWrapper(open_plain(path), encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file, delimiter=delimiter) if any(cell.strip() for cell in row)]
    if not rows:
        return []
    if any(_number(cell) is None for cell in rows[0] if cell.strip()):
        return _read_list(rows[0], rows[1:])
    return _read_rows(path, rows)


def _read_list(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[EventTrain]:
    """A row for each event."""
    columns = {name.strip().lower(): i for i, name in enumerate(header)}
    place = {
        what: next((columns[n] for n in names if n in columns), None)
        for what, names in (("time", _TIMES), ("label", _LABELS), ("duration", _DURATIONS), ("end", _ENDS))
    }
    if place["time"] is None:
        raise DatasetError(f"no column is called time; there are {', '.join(header)}")
    times, durations, ends = (_numbers(rows, place[what]) for what in ("time", "duration", "end"))
    ends = np.where(np.isfinite(ends), ends, times + durations)
    at = place["label"]
    labels = np.array([row[at].strip() if at is not None and len(row) > at else "" for row in rows], dtype=object)
    labels[labels == ""] = _UNNAMED
    kinds: Mapping[str, None] = dict.fromkeys(labels.tolist())
    return [event_train(kind, times[labels == kind], ends[labels == kind]) for kind in kinds]


def _read_rows(path: Path, rows: Sequence[Sequence[str]]) -> list[EventTrain]:
    """A row for each kind; a single column is one kind."""
    values = [[number for number in map(_number, row) if number is not None] for row in rows]
    if all(len(row) <= 1 for row in values):
        return [event_train(_UNNAMED, np.array([row[0] for row in values if row]))]
    labels = _labels_beside(path)
    names = [labels[i] if i < len(labels) else f"event {i}" for i in range(len(values))]
    return [event_train(name, np.array(row)) for name, row in zip(names, values, strict=True)]


def _labels_beside(path: Path) -> list[str]:
    """Names of the kinds: one in each line of `event_labels.csv`, or all in its first."""
    file = path.with_name("event_labels.csv")
    if not is_plain(file):
        return []
    with TextIOWrapper(open_plain(file), encoding="utf-8-sig", newline="") as opened:
        rows = [[cell.strip() for cell in row if cell.strip()] for row in csv.reader(opened)]
    rows = [row for row in rows if row]
    return rows[0] if rows and len(rows[0]) > 1 else [row[0] for row in rows]


def _numbers(rows: Sequence[Sequence[str]], column: int | None) -> FloatArray:
    """The numbers of a column, NaN where there is none."""
    cells = ((row[column] if column is not None and len(row) > column else "") for row in rows)
    return np.array([np.nan if (number := _number(cell)) is None else number for cell in cells], dtype=np.float64)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


# Arrays


def _read_array(path: Path, sample_rate: float) -> EventTrain:
    values = map_array(path)
    if values.dtype.kind not in "iuf" or values.ndim > 2:
        raise DatasetError(f"an array of times was expected, not {values.dtype} of shape {values.shape}")
    scale = 1.0 if values.dtype.kind == "f" else sample_rate
    name = path.stem.removeprefix("events").removeprefix("event").strip("_") or _UNNAMED
    times = np.asarray(values, dtype=np.float64) / scale
    if times.ndim == 2 and times.shape[1] == 2:
        return event_train(name, times[:, 0], times[:, 1])
    return event_train(name, times)


def _read_ttl(folder: Path, sample_rate: float) -> list[EventTrain]:
    """Rising edges of each line, with the falling edge after it as the end."""
    times = _ttl_times(folder, sample_rate)
    states = next((folder / n for n in ("states.npy", "channel_states.npy") if (folder / n).is_file()), None)
    if states is None:
        return [event_train(folder.name, times)]
    signs = np.asarray(map_array(states)).reshape(-1).astype(np.int64)
    if len(signs) != len(times):
        raise DatasetError(f"{states.name} has {len(signs):,} rows and not {len(times):,}")
    trains = []
    for line in np.unique(np.abs(signs[signs > 0])).tolist():
        up, down = times[signs == line], np.sort(times[signs == -line])
        after = np.searchsorted(down, up, side="right")
        ends = np.append(down, np.nan)[after]
        trains.append(event_train(f"{folder.name} {line}", up, ends))
    return trains


def _ttl_times(folder: Path, sample_rate: float) -> FloatArray:
    for name in ("sample_numbers.npy", "timestamps.npy"):
        if (folder / name).is_file():
            values = np.asarray(map_array(folder / name)).reshape(-1)
            if values.dtype.kind not in "iuf":
                raise DatasetError(f"{name} holds {values.dtype} values and no times")
            times: FloatArray = values / (sample_rate if values.dtype.kind in "iu" else 1.0)
            return times
    raise DatasetError("neither sample_numbers.npy nor timestamps.npy is in it")
