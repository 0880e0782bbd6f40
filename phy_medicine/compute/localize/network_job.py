"""The job "localization_network": a network learns where spikes come from, and gives all of them their positions.

Inputs: as of the job "localization", or "folder", a description that `spike_source.write_folder` wrote. The run lies
among those of the other methods; the motion of the last phase is a run of its own, linked to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phy_medicine.compute.job_kinds import JobKind, register
from phy_medicine.compute.localize.job import UNITS

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from phy_medicine.base.types import AnyArray
    from phy_medicine.compute.job_context import JobContext
    from phy_medicine.compute.localize.joint import Trained
    from phy_medicine.compute.localize.localize import Columns
    from phy_medicine.compute.localize.network_report import Report
    from phy_medicine.compute.localize.spike_source import SpikeSource
    from phy_medicine.compute.motion.motion import Motion

KIND = "localization_network"
MOTION_ARRAYS = ("displacement", "temporal_bins_s", "spatial_bins_um")
NETWORK, LOSSES = "network", "losses"

register(
    JobKind(
        KIND,
        "Positions of spikes by a network",
        "phy_medicine.compute.localize.network_job_settings:NetworkJobSettings",
        "phy_medicine.compute.localize.network_job:run",
        uses_gpu=True,
        help="A network learns from the recording where its spikes come from, then to keep the picture the same while "
        "the tissue moves. Takes long; one that was interrupted can be resumed.",
        inputs=("dataset", "spike_samples", "peak_channels"),
        units=(*UNITS, ("displacement", "µm"), ("temporal_bins_s", "s"), ("spatial_bins_um", "µm")),
        stored_as="localization",
        parts=(("motion", MOTION_ARRAYS),),
        resumable=True,
    )
)


def run(context: JobContext) -> Mapping[str, AnyArray]:
    """Train a network, or take a trained one, and localize the spikes of the inputs; see `compute.worker`."""
    from phy_medicine.compute import kernels
    from phy_medicine.compute.localize.network_job_settings import APPLY
    from phy_medicine.compute.localize.network_report import Report
    from phy_medicine.compute.localize.spike_source import open_spikes

    settings = context.settings
    spikes = open_spikes(context.inputs, settings.of_signal)
    report = Report(context, settings)
    context.progress(0.0, f"{spikes.n_known:,} spikes")
    kernels.warm_up()
    context.log(f"{spikes.n_known:,} spikes on {spikes.contacts.n_channels} channels, {settings.method}.")
    trained = None if settings.phases == APPLY else _trained(context, spikes, report)
    network, content, method = _network(context, trained)
    columns = _positions(context, spikes, network, report)
    context.facts.update(method=method, phases=settings.phases)
    motion = _motion(context, spikes, columns, trained, report)
    arrays = {**columns.as_arrays(), NETWORK: content}
    if trained is not None:
        arrays |= _training_facts(context, trained)
    return arrays if motion is None else arrays | motion.to_arrays()


def _trained(context: JobContext, spikes: SpikeSource, report: Report) -> Trained:
    """Take the waveforms and train, or go on from what the job kept."""
    from phy_medicine.compute.localize.checkpoints import read_network
    from phy_medicine.compute.localize.joint import train_on
    from phy_medicine.compute.localize.train import CHECKPOINT, Trainer

    settings, folder = context.settings, context.kept or context.folder
    examples = spikes.examples(settings.of_signal, context.folder, report.waveforms)
    begun = (folder / CHECKPOINT).exists()
    before = _file(settings.weights) if settings.weights and not begun else None
    trainer = Trainer(examples, settings.of_training, folder, device=context.device, hooks=report.hooks)
    if begun:
        context.log("Going on with the training that was interrupted.")
    elif before is not None:
        network, _ = read_network(before)
        _same_network(settings.weights, network, trainer.network)
        trainer.network.load_state_dict(network.state_dict())
    report.follow(trainer)
    trained = train_on(trainer)
    context.log(f"Trained on {examples.n_spikes:,} spikes.")
    context.facts["n_trained"] = int((~trainer.held_out).sum())
    return trained


def _file(name: str) -> Path:
    from pathlib import Path

    return Path(name).expanduser()


def _same_network(name: str, given: nn.Module, wanted: nn.Module) -> None:
    from phy_medicine.base.errors import PhyMedError

    shapes = [{key: tuple(v.shape) for key, v in network.state_dict().items()} for network in (given, wanted)]
    if shapes[0] != shapes[1]:
        raise PhyMedError(f"{name} holds another kind of network; choose the same network and strength as it has.")


def _network(context: JobContext, trained: Trained | None) -> tuple[nn.Module, AnyArray, str]:
    """The network to be applied, the content of its file, and what it is called."""
    import numpy as np

    from phy_medicine.compute.localize import checkpoints
    from phy_medicine.compute.localize.network_job_settings import PREFIX

    settings = context.settings
    file = context.folder / "network.pt"
    if trained is not None:
        network, its = trained.trainer.network, settings.of_training
    else:
        network, its = checkpoints.read_network(_file(settings.weights))
        network = network.to(context.device)
    checkpoints.write_network(file, network, its)
    return network, np.fromfile(file, np.uint8), PREFIX + its.network


def _positions(context: JobContext, spikes: SpikeSource, network: nn.Module, report: Report) -> Columns:
    """Positions of all spikes, piece by piece."""
    from phy_medicine.compute.localize.apply import NetworkLocalizer
    from phy_medicine.compute.localize.examples import network_neighbours
    from phy_medicine.compute.localize.job import n_threads, tell
    from phy_medicine.compute.localize.localize import localize

    localizer = NetworkLocalizer(network, network_neighbours(spikes.contacts), spikes.window, context.device)
    columns = localize(
        spikes.source, localizer, spikes.n_spikes, following=spikes.following, n_threads=n_threads(),
        progress=lambda n_done, columns: report.positions(n_done, spikes.n_known, columns),
    )  # fmt: skip
    tell(context, columns, spikes.n_known, spikes.n_spikes)
    return columns


def _motion(
    context: JobContext, spikes: SpikeSource, columns: Columns, trained: Trained | None, report: Report
) -> Motion | None:
    """The motion of the last phase, or that of the positions where there was none."""
    import numpy as np

    from phy_medicine.compute.localize.localizers import NEAREST_Z_UM
    from phy_medicine.compute.localize.motions import ESTIMATES

    if trained is not None and trained.motion is not None:
        return trained.motion
    known = np.flatnonzero(np.isfinite(columns.depth_um) & np.isfinite(columns.alpha))
    if not context.settings.motion or len(known) < 2:
        return None
    report.tell("motion", 0.0, "estimate")
    known = known[np.argsort(spikes.samples[known], kind="stable")]
    # The strength of a source over its distance is the amplitude that it has on the nearest contact.
    amplitudes = columns.alpha[known] / np.maximum(columns.z_um[known], NEAREST_Z_UM)
    times_s, depths_um = spikes.samples[known] / spikes.sample_rate, columns.depth_um[known].astype(np.float64)
    return ESTIMATES[context.settings.motion_method](times_s, depths_um, amplitudes)


def _training_facts(context: JobContext, trained: Trained) -> dict[str, AnyArray]:
    """Fill in what training found out; the loss of each step, being long, is an array."""
    import numpy as np

    from phy_medicine.compute.localize.joint import weight_changes

    facts = dict(trained.facts)
    curve = np.array(facts.pop(LOSSES, []), np.float32).reshape(-1, 4)
    context.facts.update(facts)
    if "pretrained" in trained.trainer.place.tensors:
        context.facts["weight_changes"] = weight_changes(trained)
    return {LOSSES: curve} if len(curve) else {}
