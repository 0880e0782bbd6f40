"""Localization networks on a simulated drifting recording: steadiness of the picture, errors, time and memory.

python -m benchmarks.localize_networks --work FOLDER [--networks cnn transformer] [--duration 300] [--units 40]

Units at known places in front of a probe of two columns (32 by 15 µm, as Neuropixels 2.0) move to and fro by
SpikeInterface's drifting generator; spikes are taken at their true times, so that the truth of each is known. All
methods get the same spikes; the last fifth of the recording is scored and not learned from. Motions by DREDge and by
MEDiCINe, of the positions in the row. `--network-option joint_epochs=3` sets any setting of the training, `--described`
those of the method's description.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

RATE_HZ = 30000.0
BASELINE = "monopolar + DREDge"


class Traces:
    """A recording of SpikeInterface, or its noise and templates computed when read, as our code reads it."""

    def __init__(self, recording: Any) -> None:
        self.recording = recording
        self.n_samples, self.n_channels = recording.get_num_samples(), recording.get_num_channels()
        self.sample_rate = float(recording.get_sampling_frequency())

    def read(self, start: int, stop: int) -> np.ndarray:
        low, high = max(start, 0), min(stop, self.n_samples)
        part = self.recording.get_traces(start_frame=low, end_frame=high)
        return np.pad(part, [(low - start, stop - high), (0, 0)])


def simulate(options: argparse.Namespace) -> dict[str, Any]:
    """Make the recording; the samples, units and places of its spikes."""
    from probeinterface import generate_multi_columns_probe
    from spikeinterface.generation import generate_drifting_recording

    probe = generate_multi_columns_probe(
        num_columns=2, num_contact_per_column=options.channels // 2, xpitch=32, ypitch=15,
        contact_shapes="square", contact_shape_params={"width": 12},
    )  # fmt: skip
    probe.set_device_channel_indices(np.arange(options.channels))
    half = options.drift / 2
    drift = {
        "displacement_sampling_frequency": 5.0, "drift_start_um": [0, half], "drift_stop_um": [0, -half],
        "drift_step_um": 1,
        "motion_list": [{"drift_mode": "zigzag", "non_rigid_gradient": 0.3, "t_start_drift": 20.0, "t_end_drift": None,
                         "period_s": options.period}],
    }  # fmt: skip
    _, recording, sorting, extra = generate_drifting_recording(
        num_units=options.units, duration=options.duration, probe=probe, seed=options.seed, extra_outputs=True,
        generate_displacement_vector_kwargs=drift,
        generate_noise_kwargs={"noise_levels": (6.0, 8.0), "spatial_decay": 25.0},
        generate_sorting_kwargs={"firing_rates": (3.0, 15.0), "refractory_period_ms": 4.0},
    )  # fmt: skip
    spikes = sorting.to_spike_vector()
    spikes = spikes[(spikes["sample_index"] > 200) & (spikes["sample_index"] < options.duration * RATE_HZ - 200)]
    samples, units = spikes["sample_index"].astype(np.int64), spikes["unit_index"].astype(np.int64)
    vectors, factors = np.asarray(extra["displacement_vectors"]), np.asarray(extra["displacement_unit_factor"])
    at = np.minimum((samples / RATE_HZ * 5.0).astype(int), len(vectors) - 1)
    moved = (vectors[at] * factors[units][:, None, :]).sum(axis=2)
    truth = np.asarray(extra["unit_locations"], np.float64)[units].copy()
    truth[:, :2] += moved
    return {
        "recording": recording, "samples": samples, "units": units, "truth": truth,
        "homes": np.asarray(extra["unit_locations"]),
        "contacts": np.asarray(probe.contact_positions, np.float64),
    }  # fmt: skip


def collected(options: argparse.Namespace) -> tuple[Any, dict[str, Any], float]:
    """Simulate and take the waveforms, or take those of a run before."""
    if options.data and options.data.exists():
        return loaded(options.data)
    from phy_medicine.compute.localize.contacts import Contacts
    from phy_medicine.compute.localize.examples import collect
    from phy_medicine.compute.localize.job import signal_filter
    from phy_medicine.compute.localize.settings import LocalizeSettings
    from phy_medicine.compute.localize.sources import RecordingSource

    case = simulate(options)
    contacts, settings = Contacts.of(case["contacts"]), LocalizeSettings()
    # As a sorting gives it: the channel nearest to where the unit is on average.
    nearest = [np.argmin(np.hypot(*(contacts.positions_um - home[:2]).T)) for home in case["homes"]]
    peaks = np.array(nearest)[case["units"]]
    filter = signal_filter(settings, options.channels)
    source = RecordingSource(Traces(case["recording"]), case["samples"], peaks, filter, 61)
    begin = time.perf_counter()
    examples, spikes = collect(source, case["samples"], contacts, settings, sample_rate=RATE_HZ)
    seconds = time.perf_counter() - begin
    known = {"truth": case["truth"][spikes], "units": case["units"][spikes]}
    if options.data:
        fit = examples.monopolar
        np.savez(
            options.data, times_s=examples.times_s, waveforms=examples.waveforms, anchors_um=examples.anchors_um,
            amplitudes=examples.amplitudes, learn=examples.learn, contacts_um=examples.contacts_um, um=fit.um,
            alpha=fit.alpha, converged=fit.converged, seconds=seconds, **known,
        )  # fmt: skip
    return examples, known, seconds


def loaded(path: Path) -> tuple[Any, dict[str, Any], float]:
    """Read what `collected` wrote."""
    from phy_medicine.compute.localize.examples import Examples
    from phy_medicine.compute.localize.localizers import Positions

    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    fit = Positions(arrays.pop("um"), arrays.pop("alpha"), arrays.pop("converged"))
    known = {"truth": arrays.pop("truth"), "units": arrays.pop("units")}
    seconds = float(arrays.pop("seconds"))
    return Examples(monopolar=fit, **arrays), known, seconds


def run_network(name: str, examples: Any, folder: Path, options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """Train one network; what came out, and what it took."""
    from phy_medicine.base.params import changed
    from phy_medicine.compute.localize.joint import train, weight_changes
    from phy_medicine.compute.localize.network_settings import DESCRIBED, NetworkSettings
    from phy_medicine.compute.localize.train import TrainingHooks

    given = dict(text.split("=", 1) for text in options.network_option)
    settings = changed(
        DESCRIBED if options.described else NetworkSettings(), network=name, held_out=options.held_out, **given
    )
    folder.mkdir(parents=True, exist_ok=True)
    begin, cpu = time.perf_counter(), time.process_time()
    hooks = TrainingHooks(lambda fraction, text: print(f"  {name} {fraction:.2f} {text}", flush=True), log=print)
    trained = train(examples, settings, folder, device=options.device, hooks=hooks)
    facts = {
        "wall_s": time.perf_counter() - begin,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "settings": asdict(settings),
        "weights": weight_changes(trained),
        **{key: value for key, value in trained.facts.items() if key != "losses"},
    }
    begin, cpu = time.perf_counter(), time.process_time()
    trained.trainer.positions()
    facts["apply_spikes_per_cpu_s"] = examples.n_spikes / max(1e-9, time.process_time() - cpu)
    facts["apply_spikes_per_s"] = examples.n_spikes / (time.perf_counter() - begin)
    return trained, facts


def with_motions(name: str, um: np.ndarray, examples: Any, seconds: dict[str, float]) -> list[Any]:
    """Positions with the motions that DREDge and MEDiCINe find in them."""
    from phy_medicine.compute.localize.motions import dredge, medicine
    from phy_medicine.compute.localize.scoreboard import Method

    good, found = np.isfinite(um).all(axis=1), []
    for estimator, estimate in (("DREDge", dredge), ("MEDiCINe", medicine)):
        begin = time.process_time()
        motion = estimate(examples.times_s[good], um[good, 1].astype(np.float64), examples.amplitudes[good])
        seconds[f"{name} + {estimator}"] = time.process_time() - begin
        found.append(Method(f"{name} + {estimator}", um, motion))
    return found


def compare(examples: Any, known: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Score all methods on the held-out part."""
    from phy_medicine.compute.localize.pictures import Grid
    from phy_medicine.compute.localize.scoreboard import Known, Method, scoreboard, text_table, write_csv

    fit = examples.monopolar.um
    result: dict[str, Any] = {"networks": {}, "motion_s": {}}
    methods = [Method("monopolar", fit), *with_motions("monopolar", fit, examples, result["motion_s"])]
    for name in options.networks:
        trained, facts = run_network(name, examples, options.work / name, options)
        result["networks"][name] = facts
        for phase, um in (("pretrained", trained.pretrained_um), (facts["settings"]["phases"], trained.positions_um)):
            methods += with_motions(f"{name}, {phase}", um, examples, result["motion_s"])
    held = examples.held_out(options.held_out)
    truth = Known(fit, examples.anchors_um, known["truth"], known["units"])
    for name, part in (("held out", held), ("learned from", ~held)):
        grid = Grid.around(examples.contacts_um)
        rows = scoreboard(examples.times_s, methods, truth, grid, baseline=BASELINE, part=part)
        write_csv(options.work / f"scoreboard {name}.csv".replace(" ", "_"), rows)
        result[name] = [asdict(row) for row in rows]
        print(f"\n{name}: {int(part.sum()):,} spikes\n{text_table(rows)}", flush=True)
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--networks", nargs="+", default=["cnn"])
    parser.add_argument("--duration", type=float, default=300.0)
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--drift", type=float, default=40.0, help="from end to end, µm")
    parser.add_argument("--period", type=float, default=100.0, help="of the drift, s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--held-out", type=float, default=0.2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--described", action="store_true", help="settings of the method's description")
    parser.add_argument("--network-option", action="append", default=[], help="NAME=VALUE")
    parser.add_argument("--data", type=Path, help="keep the waveforms here, or take them from here")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    examples, known, seconds = collected(options)
    print(f"{examples.n_spikes:,} spikes, {examples.learn.mean():.1%} with a good fit; {seconds:.0f} s.", flush=True)
    result = {"n_spikes": examples.n_spikes, "collect_s": seconds, **compare(examples, known, options)}
    if options.out:
        options.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
