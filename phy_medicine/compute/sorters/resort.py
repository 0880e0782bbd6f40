"""The job "resort": a part of a dataset sorted anew, in a child process.

Inputs: "dataset", a description that `io.dataset_file` wrote, and "clusters", the present cluster of each spike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phy_medicine.compute.job_kinds import JobKind, register

if TYPE_CHECKING:
    from phy_medicine.base.types import AnyArray, IntArray
    from phy_medicine.compute.job_context import JobContext
    from phy_medicine.compute.sorters.resort_settings import ResortSettings
    from phy_medicine.compute.sorting.result import SortedChannels
    from phy_medicine.io.model import Model

register(
    JobKind(
        "resort",
        "Sort again",
        "phy_medicine.compute.sorters.resort_settings:ResortSettings",
        "phy_medicine.compute.sorters.resort:run",
        uses_gpu=True,
        help="Sorts chosen clusters, or a stretch of time, anew. The result is compared with the present clusters, and "
        "nothing changes before you say so.",
        inputs=("dataset", "clusters"),
        units=(("unit_depths_um", "µm"),),
    )
)


def run(context: JobContext) -> Mapping[str, AnyArray]:
    """Sort a part of the inputs; see `compute.worker`.

    Returns `spike_ids` (n,), the present spikes that are to be shared out, and the new ones: `samples` (m,), `units`
    (m,), with `unit_depths_um` and `unit_channels` (n_units,).
    """
    from dataclasses import replace
    from pathlib import Path

    import numpy as np

    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.compute.sorters.recorded import Stretch
    from phy_medicine.compute.sorters.registry import make_sorter, typed_params
    from phy_medicine.io.dataset_file import open_dataset

    settings: ResortSettings = context.settings
    described, labels = context.inputs["dataset"], np.asarray(context.inputs["clusters"])
    assert isinstance(described, Path)
    model = open_dataset(described)
    if model.traces is None:
        raise PhyMedError(f"{model.name} has no raw data, so nothing can be sorted anew.")
    start, stop = _range(settings, model)
    spike_ids = _chosen(settings, model, labels, start, stop)
    channels = _channels(settings, model, spike_ids)
    context.log(
        f"{len(spike_ids):,} spikes, {len(channels.map)} channels, {(stop - start) / model.sample_rate:,.1f} s."
    )
    sorter = make_sorter(
        settings.sorter, settings=replace(settings.sorting(), device=context.device, seed=context.seed),
        **typed_params(settings.sorter_params),
    )  # fmt: skip
    found = sorter.fit_predict(Stretch(model.traces, start, stop), channels, progress=context.progress, log=context.log)
    context.facts.update(
        method=settings.sorter, n_units=len(found.templates), start=start, stop=stop,
        ranged=stop - start < model.traces.n_samples,
    )  # fmt: skip
    peaks = np.abs(found.templates).max(axis=2).argmax(axis=1)
    return {
        "spike_ids": spike_ids,
        "samples": found.spikes.times + start,
        "units": found.spikes.units,
        "unit_depths_um": channels.positions[peaks, 1].astype(np.float32),
        "unit_channels": channels.map[peaks],
    }


def _range(settings: ResortSettings, model: Model) -> tuple[int, int]:
    """The samples between which to sort."""
    from phy_medicine.base.errors import PhyMedError

    assert model.traces is not None
    n_samples, rate = model.traces.n_samples, model.sample_rate
    start = round(settings.start_s * rate)
    stop = min(round(settings.stop_s * rate) or n_samples, n_samples)
    if stop - start < rate:
        raise PhyMedError(
            f"From {settings.start_s:g} to {settings.stop_s or n_samples / rate:g} s there is less than a second of "
            f"the {n_samples / rate:,.1f} s recorded; give a longer stretch."
        )
    return start, stop


def _chosen(settings: ResortSettings, model: Model, labels: IntArray, start: int, stop: int) -> IntArray:
    """The spikes that are to be shared out."""
    import numpy as np

    from phy_medicine.base.errors import PhyMedError

    wanted = settings.cluster_ids()
    missing = [c for c in wanted if not np.any(labels == c)]
    if missing:
        raise PhyMedError(f"There is no cluster {missing[0]}.")
    inside = (model.spike_samples >= start) & (model.spike_samples < stop)
    found = np.flatnonzero(inside & np.isin(labels, wanted) if wanted else inside)
    if not len(found):
        raise PhyMedError("The clusters have no spikes in this stretch of time.")
    return found


def _channels(settings: ResortSettings, model: Model, spike_ids: IntArray) -> SortedChannels:
    """The channels of the templates of the spikes, and those near them; all where all clusters are chosen."""
    import numpy as np

    from phy_medicine.compute.sorting.result import SortedChannels

    positions, shanks = model.channel_positions, model.channel_shanks
    rows = np.arange(len(positions))
    if settings.cluster_ids():
        templates, counts = np.unique(model.spike_templates[spike_ids], return_counts=True)
        main = templates[counts >= 0.05 * counts.max()]  # the others are stray spikes of merged neighbours
        own = np.unique(np.concatenate([model.template_channels(int(t)) for t in main]))
        away = np.linalg.norm(positions[:, None] - positions[own], axis=2)
        away[shanks[:, None] != shanks[own]] = np.inf
        rows = np.flatnonzero(away.min(axis=1) <= settings.reach_um)
    return SortedChannels(rows, positions[rows], np.asarray(shanks[rows], np.int32))
