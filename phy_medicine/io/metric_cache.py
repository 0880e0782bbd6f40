"""Metrics of clusters kept on the disk, by the spikes that a cluster has, so that opening again needs no computing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np

from phy_medicine.base.log import logger
from phy_medicine.base.types import IntArray
from phy_medicine.io.durable import replace_file
from phy_medicine.io.fingerprint import file_mark, fingerprint

Key = tuple[int, int]
"""Number of spikes and hash of which they are."""
Row = tuple[float | None, ...]
_STEM = "metrics_"
MOST_ROWS = 20_000
"""Clusters that are kept of each kind, the latest ones: 3 MB."""


def spikes_key(spike_ids: IntArray) -> Key:
    """Return what tells the spikes of a cluster from those of every other one; spike_ids : (n,) int, ascending."""
    digest = hashlib.blake2b(np.ascontiguousarray(spike_ids, np.int32).data, digest_size=8).digest()
    return len(spike_ids), int.from_bytes(digest, "little", signed=True)


def inputs_digest(paths: Iterable[Path], facts: Sequence[object]) -> str:
    """Return what changes when a file or another fact does that metrics are computed from; large files by their size
    and time."""
    marks = [repr((path.name, fingerprint(path))) for path in paths]
    return hashlib.sha256("\n".join([*map(repr, facts), *marks]).encode()).hexdigest()[:16]


def raw_marks(paths: Iterable[Path]) -> list[object]:
    """Return size and time of each file, which are no part of the dataset's folder."""
    return [mark and mark[2:] for mark in map(file_mark, paths)]


class MetricCache:
    """Rows of numbers by cluster, of several kinds; kept in one `.npy` file.

    Parameters
    ----------
    folder : where; None keeps nothing
    digest : of the inputs; a file of other inputs is deleted once this one is written
    widths : kind -> numbers of a row
    """

    def __init__(self, folder: Path | None, digest: str, widths: Mapping[str, int]) -> None:
        self._path = None if folder is None else folder / f"{_STEM}{digest}.npy"
        self._widths = dict(widths)
        self._rows: dict[str, dict[Key, Row]] = {kind: {} for kind in widths}
        self._changed = False
        self._writing = Lock()
        self._read()

    def get(self, kind: str, key: Key) -> Row | None:
        """Return the row of a cluster, None where it is not kept."""
        return self._rows[kind].get(key)

    def put(self, kind: str, key: Key, row: Row) -> None:
        """Keep a row; on the disk with the next `write`."""
        self._rows[kind][key] = row
        self._changed = True

    def write(self) -> None:
        """Write the file in one step, if there is anything new; a full disk costs only a log line.

        Any thread may call it, several at a time.
        """
        with self._writing:
            if self._path is None or not self._changed:
                return
            self._changed = False  # before the rows are looked at: what is put in meanwhile is new again
            content = BytesIO()
            np.save(content, self._table())
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                replace_file(self._path, content.getvalue())
                for old in self._path.parent.glob(f"{_STEM}*.npy"):
                    if old != self._path:
                        old.unlink(missing_ok=True)
            except OSError as error:
                self._changed = True
                logger.warning("Could not keep metrics in %s: %s.", self._path, error)

    @property
    def _dtype(self) -> np.dtype[np.void]:
        width = max(self._widths.values(), default=0)
        return np.dtype([("kind", "i4"), ("n_spikes", "i8"), ("hash", "i8"), ("values", "f8", (width,))])

    def _table(self) -> np.ndarray:
        rows = []
        for i, known in enumerate(self._rows.values()):
            for (n, digest), row in list(known.items())[-MOST_ROWS:]:
                values = np.full(self._dtype["values"].shape, np.nan)
                values[: len(row)] = [np.nan if value is None else value for value in row]
                rows.append((i, n, digest, values))
        return np.array(rows, dtype=self._dtype)

    def _read(self) -> None:
        if self._path is None:
            return
        try:
            table = np.load(self._path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return
        if table.dtype != self._dtype:
            return
        kinds = list(self._rows)
        for kind, n, digest, values in table.tolist():
            if 0 <= kind < len(kinds):
                row = values[: self._widths[kinds[kind]]]
                self._rows[kinds[kind]][n, digest] = tuple(None if v != v else v for v in np.asarray(row).tolist())
