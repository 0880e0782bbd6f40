"""The job "localization": positions of all spikes of a dataset, computed in a child process.

Inputs: "dataset", a description that `io.dataset_file` wrote, and for each spike "spike_samples" and "peak_channels".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from phy_medicine.compute.job_kinds import JobKind, register

if TYPE_CHECKING:
    from phy_medicine.base.types import AnyArray, IntArray
    from phy_medicine.compute.job_context import JobContext
    from phy_medicine.compute.localize.contacts import Contacts
    from phy_medicine.compute.localize.localize import Columns
    from phy_medicine.compute.localize.localizers import Localizer, Window
    from phy_medicine.compute.localize.settings import LocalizeSettings
    from phy_medicine.compute.localize.sources import Source
    from phy_medicine.compute.signal_filters import SignalFilter
    from phy_medicine.io.model import Model

UNITS = (("x_um", "µm"), ("depth_um", "µm"), ("z_um", "µm"))
LEARNING = 0.3
"""Part of the progress that is learning, where a method learns first."""
_PREVIEW_SPIKES = 3000
_MOST_THREADS = 8  # each reads, filters and measures a piece of 32 MB of its own

register(
    JobKind(
        "localization",
        "Positions of spikes",
        "phy_medicine.compute.localize.settings:LocalizeSettings",
        "phy_medicine.compute.localize.job:run",
        uses_gpu=True,
        help="Where every spike comes from: across the probe, along it, away from it, and how strong its source is.",
        inputs=("dataset", "spike_samples", "peak_channels"),
        units=UNITS,
    )
)


def run(context: JobContext) -> Mapping[str, AnyArray]:
    """Localize the spikes of the inputs; see `compute.worker`."""
    from pathlib import Path

    import numpy as np

    from phy_medicine.compute import kernels
    from phy_medicine.compute.localize.contacts import Contacts, nearest
    from phy_medicine.compute.localize.localize import Following, localize
    from phy_medicine.compute.localize.settings import CORRECTED
    from phy_medicine.io.dataset_file import open_dataset

    settings: LocalizeSettings = context.settings
    described = context.inputs["dataset"]
    assert isinstance(described, Path)
    model = open_dataset(described)
    samples, channels = (np.asarray(context.inputs[name]) for name in ("spike_samples", "peak_channels"))
    kernels.warm_up()
    contacts = Contacts.of(model.channel_positions, shanks_of(model))
    source, n_known = signal_source(model, samples, channels, settings, reach_of(settings, model.sample_rate))
    first = LEARNING if settings.method == CORRECTED else 0.0

    def learning(fraction: float) -> None:
        context.progress(first * fraction, "learning from simulated neurons")

    def progress(n_done: int, columns: Columns) -> None:
        context.progress(first + (1 - first) * n_done / max(1, n_known), f"{n_done:,} of {n_known:,} spikes")
        if context.preview_due:
            context.preview(**thinned(columns))

    context.log(f"{n_known:,} spikes on {contacts.n_channels} channels, {settings.method}.")
    context.progress(0.0, f"{n_known:,} spikes")
    localizer, window = make_localizer(
        settings, contacts, model.sample_rate, context.device, source=source, seed=context.seed, progress=learning
    )
    following = Following(nearest(contacts), window) if settings.follow else None
    columns = localize(source, localizer, len(samples), following=following, n_threads=n_threads(), progress=progress)
    tell(context, columns, n_known, len(samples))
    return columns.as_arrays()


def make_localizer(
    settings: LocalizeSettings,
    contacts: Contacts,
    sample_rate: float,
    device: str = "cpu",
    *,
    source: Source | None = None,
    seed: int = 0,
    progress: Callable[[float], object] = lambda fraction: None,
) -> tuple[Localizer, Window]:
    """Return the method that the settings name, and the window in which it takes amplitudes.

    source : the signal, for a method that learns from it; seed : of that learning; progress : called with the part done

    Raises PhyMedError where the signal holds too few spikes to learn from.
    """
    from phy_medicine.compute.localize.contacts import decrease, nearest, within
    from phy_medicine.compute.localize.corrected import learn
    from phy_medicine.compute.localize.grid import GridConvolution
    from phy_medicine.compute.localize.localizers import CentreOfMass, Window
    from phy_medicine.compute.localize.monopole import Monopole
    from phy_medicine.compute.localize.rehearsal import Rehearsal, Taken
    from phy_medicine.compute.localize.settings import CENTRE, CORRECTED, GRID

    window = Window.of(settings.before_ms, settings.after_ms, sample_rate)
    if settings.method == CENTRE:
        return CentreOfMass(nearest(contacts), window), window
    if settings.method == GRID:
        places = {"radius_um": settings.grid_radius_um, "step_um": settings.grid_step_um}
        return GridConvolution.of(contacts, window, sample_rate, **places), window
    neighbours = within(contacts, settings.radius_um)
    order = decrease(neighbours) if settings.decrease else None
    if settings.method == CORRECTED:
        assert source is not None, "this method learns from a signal"
        taken = Taken.of(source, neighbours, window, follow=settings.follow, seed=seed)
        return learn(Rehearsal.of(taken, neighbours, order), window, seed=seed, progress=progress), window
    return Monopole(neighbours, window, order, device), window


def reach_of(settings: LocalizeSettings, sample_rate: float) -> int:
    """Samples of the signal that a method needs on either side of a spike."""
    from phy_medicine.compute.localize.localizers import Window
    from phy_medicine.compute.localize.rehearsal import looked_back
    from phy_medicine.compute.localize.settings import CORRECTED

    window = Window.of(settings.before_ms, settings.after_ms, sample_rate)
    before = looked_back(window) if settings.method == CORRECTED else window.before
    return max(before, window.after)


def signal_filter(settings: LocalizeSettings, n_channels: int) -> SignalFilter:
    """Return the filter that the settings ask for; of few channels the median holds much of a spike itself."""
    from phy_medicine.compute.localize.settings import FEW_CHANNELS
    from phy_medicine.compute.signal_filters import SignalFilter

    common = settings.common_median and n_channels > FEW_CHANNELS
    return SignalFilter("localization", "", "", settings.low_cut_hz, settings.high_cut_hz, common)


def signal_source(
    model: Model, samples: IntArray, channels: IntArray, settings: LocalizeSettings, reach: int
) -> tuple[Source, int]:
    """Where the signal is taken from, and how many spikes have one.

    Raises
    ------
    PhyMedError : what was asked for is not there
    """
    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.compute.localize.settings import AUTO, STORED
    from phy_medicine.compute.localize.sources import RecordingSource, StoredSource

    traces, stored = model.traces, model.waveform_subset
    if traces is not None and settings.signal != STORED:
        n_known = int(((samples >= 0) & (samples < traces.n_samples)).sum())
        return RecordingSource(traces, samples, channels, signal_filter(settings, traces.n_channels), reach), n_known
    if stored is not None and settings.signal in (AUTO, STORED):
        return StoredSource(stored, channels, model.sample_rate), len(stored.spike_ids)
    missing = model.traces_missing if settings.signal != STORED else "No waveforms are stored beside the dataset."
    raise PhyMedError(f"{missing} Positions need the raw recording or stored waveforms (_phy_spikes_subset.*.npy).")


def shanks_of(model: Model) -> IntArray:
    """One number for each shank of each probe."""
    import numpy as np

    both = np.stack([model.channel_probes, model.channel_shanks], axis=1)
    numbers: IntArray = np.unique(both, axis=0, return_inverse=True)[1].ravel()
    return numbers


def n_threads() -> int:
    """As many as the worker was given."""
    import os

    from phy_medicine.compute.device import n_processors

    given = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(_MOST_THREADS, n_processors(), int(given) if given.isdigit() else _MOST_THREADS))


def thinned(columns: Columns) -> dict[str, AnyArray]:
    """Some of the spikes that are done."""
    import numpy as np

    done = np.flatnonzero(columns.peak_channels >= 0)
    some = done[:: max(1, len(done) // _PREVIEW_SPIKES)]
    return {"spike_ids": some, "x_um": columns.x_um[some], "depth_um": columns.depth_um[some]}


def tell(context: JobContext, columns: Columns, n_known: int, n_spikes: int) -> None:
    """Fill in facts, and say in the log what people should know."""
    import numpy as np

    n_found, n_converged = int(np.isfinite(columns.depth_um).sum()), int(columns.converged.sum())
    context.facts.update(
        method=context.settings.method, n_spikes=n_spikes, n_known=n_known, n_found=n_found, n_converged=n_converged
    )
    context.units.update(UNITS)
    context.log(f"{n_found:,} of {n_spikes:,} spikes have a position, {n_converged:,} of them converged.")
    if n_known < n_spikes:
        context.log(f"The signal of {n_spikes - n_known:,} spikes is not known; they have none.")
    if n_found < n_known:
        context.log(
            f"{n_known - n_found:,} spikes have no position: too few contacts around them (a larger --radius takes in "
            "more), or no amplitude on any."
        )
