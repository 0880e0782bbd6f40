"""Writes a whole simulated dataset: the export of a sorter, the raw file, the probe and the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, FloatArray, frozen
from phy_medicine.io.simulate.drift import Drift, make_drift
from phy_medicine.io.simulate.features import make_projection
from phy_medicine.io.simulate.footprints import Footprints, make_footprints, with_artifacts
from phy_medicine.io.simulate.noise import CALIBRATION_LENGTH, NoiseStream, measure_whitening
from phy_medicine.io.simulate.probe import make_probe, probe_json
from phy_medicine.io.simulate.recording import Scene, write_drawn, write_measured
from phy_medicine.io.simulate.settings import Clock, SimulationSettings, checked
from phy_medicine.io.simulate.sorting import Motion, Sorting, make_sorting, mean_waveforms, similarity_matrix
from phy_medicine.io.simulate.stimuli import Stimuli, make_stimuli, write_stimuli
from phy_medicine.io.simulate.tables import write_tables
from phy_medicine.io.simulate.trains import Spikes, make_spikes
from phy_medicine.io.simulate.units import Units, make_units, with_others

Progress = Callable[[float, str], None]
Sorter = Callable[[SimulationSettings, Spikes, Motion, Footprints], Sorting]
"""Makes clusters out of the true spikes, as `make_sorting` does."""

OWN_FILES = (
    "params.py", "recording.dat", "spike_times.npy", "spike_templates.npy", "spike_clusters.npy", "amplitudes.npy",
    "templates.npy", "templates_ind.npy", "similar_templates.npy", "channel_map.npy", "channel_positions.npy",
    "channel_shanks.npy", "whitening_mat.npy", "whitening_mat_inv.npy", "pc_features.npy", "pc_feature_ind.npy",
    "spike_positions.npy", "cluster_KSLabel.tsv", "cluster_ContamPct.tsv", "cluster_Amplitude.tsv", "probe.json",
    "ground_truth.npz", "events.csv",
)  # fmt: skip
STALE_FILES = ("cluster_group.tsv", "cluster_info.tsv")
PARTIAL_PARAMS = ".params.py.partial"


@dataclass(frozen=True, slots=True)
class _World:
    """The truth, before any sorter sees it."""

    units: Units
    drift: Drift
    stimuli: Stimuli | None


def simulate(
    out_dir: Path,
    settings: SimulationSettings,
    *,
    progress: Progress | None = None,
    overwrite: bool = False,
    sorter: Sorter = make_sorting,
) -> Path:
    """Write a simulated recording and its sorted dataset.

    Parameters
    ----------
    out_dir : folder to write, made when missing
    settings : what to simulate; the same settings give the same bytes
    progress : called with the share done (0..1) and what is being done; an exception from it cancels
    overwrite : replace the dataset in a folder that is not empty; files of other names are left alone
    sorter : makes the clusters; by default the shares of the settings decide which neurons are split and merged

    Returns
    -------
    Path of `params.py`, which is written last: a folder without it is not finished

    Raises
    ------
    PhyMedError : a setting is out of range
    DatasetError : the folder is not empty, is a file, or cannot be written
    """
    settings = checked(settings)
    tell: Progress = progress or (lambda share, text: None)
    _prepare_folder(out_dir, overwrite=overwrite)
    try:
        return _write_all(out_dir, settings, tell, sorter)
    except BaseException as error:
        _remove(out_dir, (*OWN_FILES, PARTIAL_PARAMS))
        if isinstance(error, OSError):
            raise DatasetError(f"Cannot write to {out_dir}: {error.strerror or error}; try another folder.") from error
        raise


def _write_all(out_dir: Path, settings: SimulationSettings, tell: Progress, sorter: Sorter) -> Path:
    scene, world, templates_uv = _build(settings, tell, sorter)
    _write_arrays(out_dir, scene, templates_uv)
    if settings.raw:
        write_measured(out_dir, scene, lambda share: tell(0.1 + 0.88 * share, "Writing the recording"))
    else:
        write_drawn(out_dir, scene, lambda share: tell(0.1 + 0.88 * share, "Drawing spike features"))
    write_tables(out_dir, scene.sorting.labels, scene.spikes.samples, settings)
    (out_dir / "probe.json").write_text(probe_json(scene.probe), encoding="utf-8")
    if world.stimuli is not None:
        write_stimuli(out_dir, world.stimuli)
    _write_truth(out_dir, scene, world)
    tell(1.0, "Done")
    return _write_params(out_dir, settings)


def _prepare_folder(out_dir: Path, *, overwrite: bool) -> None:
    if out_dir.exists() and not out_dir.is_dir():
        raise DatasetError(f"{out_dir} is a file; give a folder to write the simulated dataset to.")
    if out_dir.is_dir() and any(out_dir.iterdir()):
        if not overwrite:
            raise DatasetError(f"{out_dir} is not empty; give a new folder, or ask to overwrite the dataset in it.")
        _remove(out_dir, OWN_FILES + STALE_FILES)
    out_dir.mkdir(parents=True, exist_ok=True)


def _remove(out_dir: Path, names: tuple[str, ...]) -> None:
    """Remove these files, `params.py` first so that what is left never looks finished."""
    for name in names:
        (out_dir / name).unlink(missing_ok=True)


def _build(settings: SimulationSettings, tell: Progress, sorter: Sorter) -> tuple[Scene, _World, FloatArray]:
    """Draw everything but the signal; also return the templates in uV."""
    tell(0.0, "Placing the units")
    probe, clock = make_probe(settings), Clock(settings.sample_rate_hz)
    stimuli = make_stimuli(settings) if settings.events else None
    units = with_others(make_units(settings, probe), settings, probe)
    world = _World(units, make_drift(settings, probe.depth_range_um), stimuli)
    spikes = make_spikes(settings, world.units, clock, stimuli)
    tell(0.02, "Computing the footprints")
    artifacts = settings.units + np.arange(settings.artifacts)
    footprints = make_footprints(units, probe, world.drift, clock)
    footprints = with_artifacts(footprints, artifacts, units.peaks_uv, probe.n_channels, clock)
    motion = _motion(world, spikes, footprints, settings)
    sorting = sorter(settings, spikes, motion, footprints)
    templates_uv = mean_waveforms(sorting, spikes, motion, footprints, probe.n_channels)
    tell(0.06, "Measuring the noise")
    whitening = measure_whitening(NoiseStream(settings, probe, clock).take(CALIBRATION_LENGTH))
    whitened = templates_uv @ whitening.matrix.astype(np.float32)
    projection = make_projection(templates_uv, whitened, probe)
    scene = Scene(settings, probe, clock, footprints, spikes, motion, sorting, projection, whitening)
    tell(0.1, "Writing the templates")
    return scene, world, templates_uv


def _motion(world: _World, spikes: Spikes, footprints: Footprints, settings: SimulationSettings) -> Motion:
    """Displacement and footprint step of every spike, a million at once to bound the memory."""
    displacement = np.empty(len(spikes.samples), dtype=np.float32)
    steps = np.empty_like(displacement)
    for start in range(0, len(displacement), 1_000_000):
        part = slice(start, start + 1_000_000)
        depths = world.units.positions_um[spikes.units[part], 1]
        displacement[part] = world.drift.at(spikes.samples[part] / settings.sample_rate_hz, depths)
        steps[part] = footprints.steps_at(spikes.units[part], displacement[part])
    return Motion(frozen(displacement), frozen(steps))


def _write_arrays(out_dir: Path, scene: Scene, templates_uv: FloatArray) -> None:
    """Write what a sorter knows before it measures single spikes."""
    probe, whitening, gain = scene.probe, scene.whitening, scene.settings.gain_uv
    whitened = templates_uv @ whitening.matrix.astype(np.float32)
    padding = ((0, 0), (scene.clock.n_padding, 0), (0, 0))
    every_channel = np.arange(probe.n_channels)
    arrays: dict[str, AnyArray] = {
        "spike_times": scene.spikes.samples,
        "spike_templates": scene.sorting.labels,
        "spike_clusters": scene.sorting.labels,
        "templates": np.pad(whitened, padding),
        "templates_ind": np.tile(every_channel, (scene.sorting.n_clusters, 1)),
        "similar_templates": similarity_matrix(whitened),
        "channel_map": every_channel.astype(np.int32),
        "channel_positions": probe.positions_um,
        "channel_shanks": probe.shanks,
        # The raw file is in bits: whitening takes bits to noise standard deviations.
        "whitening_mat": (whitening.matrix * gain).astype(np.float32),
        "whitening_mat_inv": (whitening.inverse / gain).astype(np.float32),
        "pc_feature_ind": scene.projection.channels.astype(np.uint32),
    }
    for name, array in arrays.items():
        np.save(out_dir / f"{name}.npy", array)


def _write_truth(out_dir: Path, scene: Scene, world: _World) -> None:
    units, drift, sorting = world.units, world.drift, scene.sorting
    np.savez(
        out_dir / "ground_truth.npz",
        gain_uv=scene.settings.gain_uv,
        spike_units=scene.spikes.units,
        unit_positions_um=units.positions_um,
        displacement=drift.displacement_um,
        temporal_bins_s=drift.temporal_bins_s,
        spatial_bins_um=drift.spatial_bins_um,
        spike_displacement_um=scene.motion.displacement_um,
        spike_amplitudes_uv=_amplitudes_uv(scene.footprints, scene.spikes, scene.motion),
        unit_peaks_uv=units.peaks_uv,
        unit_rates_hz=units.rates_hz,
        unit_refractory_s=units.refractory_s,
        unit_bursty=units.bursty,
        unit_names=units.names,
        n_artifacts=scene.settings.artifacts,
        n_far_clusters=scene.settings.far_clusters,
        cluster_units=sorting.cluster_units,
        oversplit_pairs=sorting.oversplit_pairs,
        overmerged_clusters=sorting.overmerged_clusters,
        overmerged_units=sorting.cluster_units[sorting.overmerged_clusters],
    )


def _amplitudes_uv(footprints: Footprints, spikes: Spikes, motion: Motion) -> FloatArray:
    amplitudes: FloatArray = (footprints.peaks_uv(spikes.units, motion.steps) * spikes.scales).astype(np.float32)
    return amplitudes


def _write_params(out_dir: Path, settings: SimulationSettings) -> Path:
    path = out_dir / "params.py"
    temporary = out_dir / PARTIAL_PARAMS
    lines = [
        f"dat_path = {['recording.dat'] if settings.raw else []!r}",
        f"n_channels_dat = {settings.channels}",
        "dtype = 'int16'",
        "offset = 0",
        f"sample_rate = {settings.sample_rate_hz!r}",
        "hp_filtered = False",
    ]
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path
