"""The curation of a session, as it is handed over to other programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.io.export.handover import Handover, MeanWaveforms
from phy_medicine.io.export.output import Progress, no_progress
from phy_medicine.io.model import Model
from phy_medicine.session.saved_curation import info_row

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

T = TypeVar("T")

N_WAVEFORMS = 50
"""Waveforms that are averaged for a cluster."""

_GAINS = ("uv_per_bit", "gain_to_uv")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a curation is needed, since some of it takes long.

    n_waveforms : for the mean waveform of each cluster; 0 takes the sorter's templates, None no waveforms
    depths : the depth of every spike
    uv_per_bit : µV per raw unit; None: what params.py says, in `uv_per_bit` or `gain_to_uv`
    """

    n_waveforms: int | None = None
    depths: bool = False
    uv_per_bit: float | None = None


def gather(session: Session, wanted: Wanted | None = None, progress: Progress = no_progress) -> Handover:
    """Return the curation as it is now; `progress` counts clusters, once for the table and once for waveforms."""
    wanted = wanted or Wanted()
    model, ids = session.model, session.cluster_ids
    columns = session.clusters.all_columns
    steps = _Steps(progress, len(ids) * (1 + (wanted.n_waveforms is not None)))
    rows = [steps.after(info_row(session.clusters.row(c))) for c in ids]
    waveforms = None if wanted.n_waveforms is None else _waveforms(session, wanted.n_waveforms, steps)
    return Handover(
        name=session.name.removesuffix(".kwik"),
        source=_source(model),
        sample_rate=model.sample_rate,
        duration_s=model.duration_s,
        samples=model.spike_samples,
        times_s=model.spike_times,
        labels=session.spike_clusters(),
        templates=model.spike_templates,
        cluster_ids=ids,
        rows=rows,
        peaks=np.array([session.data.peak_channel(c) for c in ids], dtype=np.int64),
        channels=model.channels,
        channel_labels=model.channel_labels,
        helps={c.name: f"{c.help}, {c.unit}" if c.unit else c.help for c in columns if c.help},
        amplitudes=model.amplitudes,
        depths_um=session.depths.raw if wanted.depths else None,
        waveforms=waveforms,
        uv_per_bit=wanted.uv_per_bit or _gain(model),
        events=model.events,
        ranges={name: (r.start_s, r.stop_s) for name in ("a", "b") if (r := session.time_ranges.of(name)) is not None},
    )


class _Steps:
    """Counts what is done."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def after(self, result: T) -> T:
        """Return what was just made."""
        self._done += 1
        self._progress(self._done, self._total)
        return result


def _source(model: Model) -> Path:
    """The raw data if they are there, else the dataset's own file."""
    return next((path for path in model.params.dat_paths if path.is_file()), model.path)


def _gain(model: Model) -> float | None:
    values = [model.params.extra.get(name) for name in _GAINS]
    return next((float(v) for v in values if isinstance(v, int | float) and v > 0), None)


def _waveforms(session: Session, n: int, steps: _Steps) -> MeanWaveforms | None:
    """Mean waveforms of all clusters; templates where there are no raw data, None where there are neither."""
    source, model, ids = session.data.waveform_source, session.model, session.cluster_ids
    near = np.array([_near(model, session.data.peak_channel(c)) for c in ids], dtype=np.int64)
    has_signal = model.traces is not None or model.waveform_subset is not None
    if not has_signal or n == 0:
        return _templates(session, near) if model.has_templates else None
    data = np.full((len(ids), sum(source.window()), near.shape[1]), np.nan, dtype=np.float32)
    for i, cluster in enumerate(ids):
        found = steps.after(source.of_cluster(cluster, near[i].tolist(), n)).data
        if len(found):
            data[i] = found.mean(axis=0)
    return MeanWaveforms(data, near, source.window().before, n)


def _templates(session: Session, near: IntArray) -> MeanWaveforms:
    """Templates of the sorter, weighted by how many spikes of a cluster come from each."""
    model, data = session.model, []
    for cluster, channels in zip(session.cluster_ids, near, strict=True):
        templates, counts = session.facts.template_counts(cluster)
        shapes: FloatArray = np.array([model.template(int(t), channels).data for t in templates])
        data.append(np.average(shapes, axis=0, weights=counts).astype(np.float32))
    rule = model.waveform_rule
    return MeanWaveforms(np.array(data, dtype=np.float32), near, rule.before, 0)


def _near(model: Model, peak: int) -> IntArray:
    """The channels around one, itself first."""
    positions = model.channel_positions
    n = min(model.params.n_closest_channels, model.n_channels)
    distances = np.hypot(*(positions - positions[peak]).T)
    distances[peak] = -1
    nearest: IntArray = np.argsort(distances, kind="stable")[:n]
    return nearest
