"""Positions of spikes beside those of SpikeInterface on a simulated recording: errors, agreement, time, memory.

python -m benchmarks.localize [--duration 20] [--units 60] [--channels 128] [--peer-peaks 1500] [--out result.json]

The recording has the staggered four columns of a Neuropixels shank and units at known places. Peaks are detected once,
and the same peaks are localized by all, one process, one thread, CPU seconds, from traces in memory to positions, as
`localize_peaks` of SpikeInterface does it; "filtered" adds a band-pass of 300 to 6,000 Hz and the common median. What
takes long in SpikeInterface gets a random part of the peaks, on which positions are compared. Memory is that of a
process of its own that localizes recordings of two lengths, filtered.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RATE_HZ = 30000.0
NAMES = {"com": "center_of_mass", "grid": "grid_convolution", "monopolar": "monopolar_triangulation"}
BAND = (300.0, 6000.0)
MEMORY_S = (60, 600)
_MEMORY_SPIKES_PER_S = 1000


@dataclass(frozen=True)
class Case:
    """A recording in memory, its peaks, and the unit of each, -1 where it is not one alone."""

    recording: Any
    traces: np.ndarray
    positions: np.ndarray
    peaks: np.ndarray
    unit: np.ndarray
    truth: np.ndarray


def make_case(channels: int, units: int, duration_s: float) -> Case:
    """Simulate a recording and find its peaks."""
    import spikeinterface.full as si
    from probeinterface import generate_multi_columns_probe
    from spikeinterface.sortingcomponents.peak_detection import detect_peaks

    probe = generate_multi_columns_probe(
        num_columns=4, num_contact_per_column=channels // 4, xpitch=16, ypitch=40, y_shift_per_column=[20, 0, 20, 0],
        contact_shapes="square", contact_shape_params={"width": 12},
    )  # fmt: skip
    probe.set_device_channel_indices(np.arange(channels))
    recording, sorting = si.generate_ground_truth_recording(
        durations=[duration_s], sampling_frequency=RATE_HZ, probe=probe, num_units=units, seed=0,
        generate_sorting_kwargs={"firing_rates": (3.0, 15.0), "refractory_period_ms": 4.0},
        noise_kwargs={"noise_levels": 6.0, "strategy": "on_the_fly"},
    )  # fmt: skip
    truth = np.asarray(sorting.get_property("gt_unit_locations"))
    traces = recording.get_traces().astype(np.float32)
    memory = si.NumpyRecording([traces], RATE_HZ)
    memory.set_probe(probe)
    noise = np.median(np.abs(traces[:30000]), axis=0) / 0.6745
    peaks = detect_peaks(
        memory, method="locally_exclusive", job_kwargs={"n_jobs": 1, "progress_bar": False},
        method_kwargs={"peak_sign": "neg", "detect_threshold": 5, "radius_um": 50.0, "noise_levels": noise},
    )  # fmt: skip
    peaks = peaks[(peaks["sample_index"] > 100) & (peaks["sample_index"] < len(traces) - 100)]
    positions = memory.get_channel_locations()
    return Case(memory, traces, positions, peaks, matched(peaks, sorting, truth, positions), truth)


def matched(peaks: np.ndarray, sorting: Any, truth: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the unit of the one true spike within 0.4 ms and 80 µm of each peak, -1 with none or several."""
    spikes = sorting.to_spike_vector()
    low, high = (np.searchsorted(spikes["sample_index"], peaks["sample_index"] + k) for k in (-12, 13))
    out = np.full(peaks.size, -1)
    for i, channel in enumerate(peaks["channel_index"]):
        units = spikes["unit_index"][low[i] : high[i]]
        near = units[np.linalg.norm(truth[units, :2] - positions[channel], axis=1) < 80]
        if near.size == 1:
            out[i] = near[0]
    return out


@dataclass(frozen=True)
class Memory:
    """Traces in memory as our code reads them; repeated to any length."""

    traces: np.ndarray
    n_samples: int
    sample_rate: float = RATE_HZ

    @property
    def n_channels(self) -> int:
        return int(self.traces.shape[1])

    def read(self, start: int, stop: int) -> np.ndarray:
        at = np.arange(max(start, 0), min(stop, self.n_samples)) % len(self.traces)
        if not len(at) or at[-1] - at[0] == len(at) - 1:
            return self.traces[at[0] : at[-1] + 1] if len(at) else self.traces[:0]
        return self.traces[at]


def ours(
    recording: Memory, samples: np.ndarray, channels: np.ndarray, positions: np.ndarray, method: str, **options: Any
) -> Any:
    """Localize with our code, in this thread; columns."""
    from phy_medicine.compute.localize.contacts import Contacts
    from phy_medicine.compute.localize.job import make_localizer, signal_filter
    from phy_medicine.compute.localize.localize import localize
    from phy_medicine.compute.localize.settings import LocalizeSettings
    from phy_medicine.compute.localize.sources import RecordingSource

    filtered = options.pop("filtered", False)
    bands = {} if filtered else {"low_cut_hz": 0.0, "high_cut_hz": 0.0, "common_median": False}
    settings = LocalizeSettings(method=method, **bands, **options)
    localizer, window = make_localizer(settings, Contacts.of(positions), RATE_HZ)
    reach = max(window.before, window.after)
    source = RecordingSource(recording, samples, channels, signal_filter(settings, recording.n_channels), reach)
    return localize(source, localizer, len(samples))


def peer(recording: Any, peaks: np.ndarray, method: str) -> np.ndarray:
    """Localize with SpikeInterface; (n, 3)."""
    from spikeinterface.sortingcomponents.peak_localization import localize_peaks

    found = localize_peaks(
        recording, peaks, method=NAMES[method], ms_before=0.5, ms_after=0.5,
        job_kwargs={"n_jobs": 1, "chunk_duration": "1s", "progress_bar": False},
    )  # fmt: skip
    z = found["z"] if "z" in found.dtype.names else np.zeros(len(peaks))
    return np.stack([found["x"], found["y"], z], axis=1).astype(float)


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result and the CPU seconds that it took."""
    begin = time.process_time()
    result = run()
    return result, time.process_time() - begin


def errors(um: np.ndarray, unit: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return medians of the distance from the true units, µm, and the spread of depth within a unit."""
    known = (unit >= 0) & np.isfinite(um).all(axis=1)
    away = um[known] - truth[unit[known]]
    of = unit[known]
    spread = [np.std(um[known][of == k, 1]) for k in np.unique(of) if (of == k).sum() > 10]
    return {
        "n": int(known.sum()),
        "error_3d_um": float(np.median(np.linalg.norm(away, axis=1))),
        "error_xy_um": float(np.median(np.linalg.norm(away[:, :2], axis=1))),
        "error_depth_um": float(np.median(np.abs(away[:, 1]))),
        "depth_spread_um": float(np.median(spread)),
    }


def compare(case: Case, n_peer: int) -> list[dict[str, Any]]:
    """Run every method of both programs."""
    part = np.sort(np.random.default_rng(0).choice(len(case.peaks), min(n_peer, len(case.peaks)), replace=False))
    rows: list[dict[str, Any]] = []
    for method in NAMES:
        which = np.arange(len(case.peaks)) if method == "com" else part
        rows.append(one_row(case, method, which, method))
    rows.append(one_row(case, "monopolar, filtered", part, "monopolar", filtered=True))
    # Filtering costs the same for any number of peaks: what a part of them cost more than unfiltered is counted once.
    plain, filtered = rows[-2]["peer"], rows[-1]["peer"]
    all_s = filtered["cpu_s"] - plain["cpu_s"] + len(case.peaks) / plain["spikes_per_cpu_s"]
    filtered["spikes_per_cpu_s"] = len(case.peaks) / all_s
    rows.append(one_row(case, "monopolar, amplitudes as they are", part, "monopolar", decrease=False))
    for row in rows:
        row["ratio"] = row["ours"]["spikes_per_cpu_s"] / row["peer"]["spikes_per_cpu_s"]
    return rows


def one_row(case: Case, name: str, which: np.ndarray, method: str, **options: Any) -> dict[str, Any]:
    """Localize all peaks with ours, some with the other, and compare these; each is called once before its time."""
    samples = np.ascontiguousarray(case.peaks["sample_index"], dtype=np.int64)
    channels = np.ascontiguousarray(case.peaks["channel_index"], dtype=np.int64)
    memory = Memory(case.traces, len(case.traces))
    ours(Memory(case.traces[:9000], 9000), samples[:1] * 0 + 500, channels[:1], case.positions, method, **options)
    columns, seconds = timed(lambda: ours(memory, samples, channels, case.positions, method, **options))
    um = np.stack([columns.x_um, columns.depth_um, columns.z_um], axis=1).astype(float)
    recording = prepared(case.recording) if options.get("filtered") else case.recording
    peer(recording, case.peaks[which[:50]], method)
    theirs, their_s = timed(lambda: peer(recording, case.peaks[which], method))
    speed = {"cpu_s": their_s, "spikes_per_cpu_s": len(which) / their_s}
    return {
        "method": name,
        "ours": {"cpu_s": seconds, "spikes_per_cpu_s": len(samples) / seconds, **errors(um, case.unit, case.truth)},
        "ours_same_peaks": errors(um[which], case.unit[which], case.truth),
        "peer": {**speed, **errors(theirs, case.unit[which], case.truth)},
        "difference": difference(um[which], theirs, columns.converged[which]),
        "converged": float(columns.converged.mean()),
    }


def prepared(recording: Any) -> Any:
    """The recording filtered by SpikeInterface, when it is read."""
    from spikeinterface.preprocessing import bandpass_filter, common_reference

    return common_reference(bandpass_filter(recording, freq_min=BAND[0], freq_max=BAND[1], dtype="float32"))


def difference(a: np.ndarray, b: np.ndarray, converged: np.ndarray) -> dict[str, float]:
    """Return how far two results are apart where ours converged, µm."""
    away = np.abs(a - b)[converged]
    return {
        "median_um": float(np.median(np.linalg.norm(away, axis=1))),
        "median_depth_um": float(np.median(away[:, 1])),
        "p95_depth_um": float(np.percentile(away[:, 1], 95)),
        "median_z_um": float(np.median(away[:, 2])),
    }


def memory_of(seconds: int, channels: int) -> dict[str, Any]:
    """Return what a process of its own needs for a recording of this length."""
    command = [sys.executable, "-m", "benchmarks.localize", "--memory", str(seconds), "--channels", str(channels)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def run_memory(seconds: int, channels: int) -> None:
    """Localize noise of some length, filtered, and print the memory before and at most."""
    rng = np.random.default_rng(0)
    traces = rng.integers(-20, 20, (int(5 * RATE_HZ), channels), dtype=np.int16)
    recording = Memory(traces, int(seconds * RATE_HZ))
    positions = np.stack([np.tile([0, 32, 16, 48], channels // 4), np.repeat(np.arange(channels // 2) * 20, 2)], 1)
    n = seconds * _MEMORY_SPIKES_PER_S
    samples = np.sort(rng.integers(0, recording.n_samples, n))
    ours(Memory(traces, 9000), samples[:1] * 0, samples[:1] * 0, positions, "monopolar", filtered=True)
    before = most_memory_mb()
    begin = time.perf_counter()
    ours(recording, samples, rng.integers(0, channels, n), positions, "monopolar", filtered=True)
    peak = most_memory_mb()
    wall = time.perf_counter() - begin
    print(json.dumps({"recording_s": seconds, "n_spikes": n, "before_mb": before, "peak_mb": peak, "wall_s": wall}))


def most_memory_mb() -> float:
    """Return the most that this process ever had in memory; what `resource` says includes that of its parent."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def table(result: Mapping[str, Any]) -> str:
    """Return the figures as a table of Markdown."""
    lines = [
        "| method | spikes per CPU second, ours / SpikeInterface (ratio) | error 3-D, µm | error of depth, µm "
        "| spread of depth within a unit, µm | median difference, µm |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        a, b, d = row["ours"], row["peer"], row["difference"]
        speed = f"{a['spikes_per_cpu_s']:,.0f} / {b['spikes_per_cpu_s']:,.0f} ({row['ratio']:,.0f})"
        keys = ("error_3d_um", "error_depth_um", "depth_spread_um")
        cells = [f"{row['ours_same_peaks'][key]:.2f} / {b[key]:.2f}" for key in keys]
        lines.append(f"| {row['method']} | {speed} | {' | '.join(cells)} | {d['median_um']:.2f} |")
    for m in result["memory"]:
        lines.append(
            f"\n{m['recording_s']} s, {m['n_spikes']:,} spikes: {m['before_mb']:.0f} MB before, {m['peak_mb']:.0f} MB "
            f"at most, {m['wall_s']:.0f} s."
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--duration", type=float, default=20.0)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--peer-peaks", type=int, default=1500)
    parser.add_argument("--memory", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.memory:
        run_memory(options.memory, options.channels)
        return
    import scipy.linalg  # noqa: F401  only libraries that are loaded are held to one thread; two slow the peer tenfold
    from threadpoolctl import threadpool_limits

    from phy_medicine.compute import kernels

    warnings.simplefilter("ignore")
    kernels.warm_up()
    with threadpool_limits(1):
        case = make_case(options.channels, options.units, options.duration)
        rows = compare(case, options.peer_peaks)
    memory = [memory_of(seconds, options.channels) for seconds in MEMORY_S]
    result = {
        "n_peaks": len(case.peaks), "n_matched": int((case.unit >= 0).sum()), "duration_s": options.duration,
        "channels": options.channels, "units": options.units, "rows": rows, "memory": memory,
    }  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps(result, indent=1))
    print(f"{result['n_peaks']:,} peaks, {result['n_matched']:,} of one unit alone.\n\n{table(result)}")


if __name__ == "__main__":
    main()
