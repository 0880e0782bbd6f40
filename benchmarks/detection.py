"""Peaks of a raw recording beside those of SpikeInterface: the same ones, and how long they take.

python -m benchmarks.detection [--duration 10] [--channels 128] [--units 60] [--out result.json]

A simulated recording with the staggered four columns of a Neuropixels shank, 16 bit integers in memory. Both programs
filter it (300 to 6,000 Hz, common median), find troughs of 5 times the noise that none within 75 µm and 0.8 ms exceeds,
and give them depths; one process, one thread, CPU seconds. Theirs are `bandpass_filter`, `common_reference`, and
`detect_peaks` and `localize_peaks` in pieces of 5 s. On signals and thresholds that are the same the two detectors are
compared peak by peak; with the filter of each, which is of third order here and of fifth there, peaks within 0.2 ms and
50 µm are the same.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.localize import RATE_HZ, timed

THRESHOLD, RADIUS_UM, WINDOW_MS = 5.0, 75.0, 0.8
UV_PER_BIT = 0.195
METHODS = {"grid": "grid_convolution", "monopolar": "monopolar_triangulation", "mass": "center_of_mass"}
_JOBS: Mapping[str, Any] = {"n_jobs": 1, "chunk_duration": "1s", "progress_bar": False}


def make_recording(channels: int, units: int, duration_s: float) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a recording in memory, and sample and place (n, 2) µm of each true spike."""
    import spikeinterface.full as si
    from probeinterface import generate_multi_columns_probe

    probe = generate_multi_columns_probe(
        num_columns=4, num_contact_per_column=channels // 4, xpitch=16, ypitch=40, y_shift_per_column=[20, 0, 20, 0],
    )  # fmt: skip
    probe.set_device_channel_indices(np.arange(channels))
    made, sorting = si.generate_ground_truth_recording(
        durations=[duration_s], sampling_frequency=RATE_HZ, probe=probe, num_units=units, seed=0,
        generate_sorting_kwargs={"firing_rates": (3.0, 15.0), "refractory_period_ms": 4.0},
        noise_kwargs={"noise_levels": 6.0, "strategy": "on_the_fly"},
    )  # fmt: skip
    traces = np.round(made.get_traces() / UV_PER_BIT).astype(np.int16)
    recording = si.NumpyRecording([traces], RATE_HZ)
    recording.set_probe(probe)
    spikes = sorting.to_spike_vector()
    return recording, spikes["sample_index"], sorting.get_property("gt_unit_locations")[spikes["unit_index"], :2]


def prepared(recording: Any) -> tuple[Any, np.ndarray]:
    """Filter with SpikeInterface when it is read; with the noise of the channels."""
    from spikeinterface.core import get_noise_levels
    from spikeinterface.preprocessing import bandpass_filter, common_reference

    filtered = common_reference(bandpass_filter(recording, freq_min=300.0, freq_max=6000.0, dtype="float32"))
    return filtered, np.asarray(get_noise_levels(filtered, return_in_uV=False, **_JOBS))


def theirs(recording: Any, method: str) -> dict[str, np.ndarray]:
    """Peaks of SpikeInterface, localized."""
    from spikeinterface.sortingcomponents.peak_detection import detect_peaks
    from spikeinterface.sortingcomponents.peak_localization import localize_peaks

    filtered, noise = prepared(recording)
    found, step = [], int(5 * RATE_HZ)
    for start in range(0, recording.get_num_samples(), step):
        piece = filtered.frame_slice(start, min(start + step, recording.get_num_samples()))
        peaks = detect_peaks(
            piece, method="locally_exclusive", job_kwargs=dict(_JOBS),
            method_kwargs={"peak_sign": "neg", "detect_threshold": THRESHOLD, "exclude_sweep_ms": WINDOW_MS,
                           "radius_um": RADIUS_UM, "noise_levels": noise},
        )  # fmt: skip
        radius = {} if method == "grid" else {"radius_um": RADIUS_UM}
        places = localize_peaks(
            piece, peaks, method=METHODS[method], method_kwargs=radius, job_kwargs=dict(_JOBS)
        )  # fmt: skip
        found.append((peaks["sample_index"] + start, recording.get_channel_locations()[peaks["channel_index"]], places))
    samples, at, places = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return {"samples": samples, "at_um": at, "depths_um": places["y"]}


def ours(recording: Any, method: str) -> dict[str, np.ndarray]:
    """Peaks as `phy-med motion` detects them; the place of each is that of its depth."""
    from phy_medicine.compute.motion.detect import DetectSettings, detect_peaks

    peaks = detect_peaks(recording, DetectSettings(detect_threshold=THRESHOLD, localization=method))
    return {"samples": np.round(peaks.times_s * RATE_HZ).astype(np.int64), "depths_um": peaks.depths_um}


def found_again(samples: np.ndarray, depths: np.ndarray, others: np.ndarray, other_depths: np.ndarray) -> np.ndarray:
    """Whether each peak is among others within 0.2 ms and 50 µm of depth."""
    order = np.argsort(others, kind="stable")
    others, other_depths = others[order], other_depths[order]
    low, high = (np.searchsorted(others, samples + k) for k in (-6, 7))
    pairs = zip(low, high, depths, strict=True)
    return np.array([(np.abs(other_depths[a:b] - y) < 50).any() for a, b, y in pairs])


def same_signal(recording: Any) -> dict[str, float]:
    """Run both detectors on the traces that SpikeInterface filtered: share of peaks in common, CPU seconds of each."""
    from spikeinterface.core import NumpyRecording
    from spikeinterface.sortingcomponents.peak_detection import detect_peaks

    from phy_medicine.compute.detection import PeakDetector
    from phy_medicine.compute.localize.contacts import Contacts

    filtered, noise = prepared(recording)
    signal = np.ascontiguousarray(filtered.get_traces(), dtype=np.float32)
    memory = NumpyRecording([signal], RATE_HZ)
    memory.set_probe(recording.get_probe())
    kwargs = {"peak_sign": "neg", "detect_threshold": THRESHOLD, "exclude_sweep_ms": WINDOW_MS, "radius_um": RADIUS_UM,
              "noise_levels": noise}  # fmt: skip
    detector = PeakDetector.of(
        Contacts.of(recording.get_channel_locations()), noise, threshold=THRESHOLD, radius_um=RADIUS_UM,
        exclude_samples=int(WINDOW_MS * RATE_HZ / 1000),
    )  # fmt: skip

    def detect(of: Any) -> Any:
        return detect_peaks(of, method="locally_exclusive", method_kwargs=kwargs, job_kwargs=dict(_JOBS))

    detect(memory.frame_slice(0, 3000))
    detector.detect(signal[:3000])
    other, other_s = timed(lambda: detect(memory))
    peaks, seconds = timed(lambda: detector.detect(signal))
    one = set(zip(peaks.samples.tolist(), peaks.channel_ids.tolist(), strict=True))
    two = set(zip(other["sample_index"].tolist(), other["channel_index"].tolist(), strict=True))
    return {
        "n_ours": len(one),
        "n_theirs": len(two),
        "n_common": len(one & two),
        "cpu_s": seconds,
        "peer_cpu_s": other_s,
    }


def one_row(recording: Any, samples: np.ndarray, depths: np.ndarray, method: str) -> dict[str, Any]:
    """Detect and localize with both; each is called once before its time."""
    brief = recording.frame_slice(0, int(RATE_HZ))
    ours(brief, method)
    theirs(brief, method)
    a, seconds = timed(lambda: ours(recording, method))
    b, other_s = timed(lambda: theirs(recording, method))
    return {
        "method": method, "n_ours": len(a["samples"]), "n_theirs": len(b["samples"]),
        "cpu_s": seconds, "peer_cpu_s": other_s, "ratio": other_s / seconds,
        "theirs_among_ours": float(found_again(b["samples"], b["at_um"][:, 1], a["samples"], a["depths_um"]).mean()),
        "ours_among_theirs": float(found_again(a["samples"], a["depths_um"], b["samples"], b["at_um"][:, 1]).mean()),
        "spikes_found": float(found_again(samples, depths, a["samples"], a["depths_um"]).mean()),
        "spikes_found_peer": float(found_again(samples, depths, b["samples"], b["at_um"][:, 1]).mean()),
    }  # fmt: skip


def table(result: Mapping[str, Any]) -> str:
    """Return the figures as Markdown."""
    same = result["same_signal"]
    lines = [
        f"Same signal: {same['n_ours']:,} peaks and {same['n_theirs']:,}, {same['n_common']:,} of them in common; "
        f"{same['cpu_s']:.3f} and {same['peer_cpu_s']:.3f} CPU s.\n",
        "| positions | CPU s for a second, ours / SpikeInterface (ratio) | peaks | theirs in ours | ours in theirs "
        "| true spikes found |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        speed = [row[key] / result["duration_s"] for key in ("cpu_s", "peer_cpu_s")]
        lines.append(
            f"| {row['method']} | {speed[0]:.3f} / {speed[1]:.2f} ({row['ratio']:,.0f}) "
            f"| {row['n_ours']:,} / {row['n_theirs']:,} | {row['theirs_among_ours']:.3f} "
            f"| {row['ours_among_theirs']:.3f} | {row['spikes_found']:.3f} / {row['spikes_found_peer']:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--duration", type=float, default=10.0)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--methods", nargs="+", choices=tuple(METHODS), default=list(METHODS))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    import scipy.linalg  # noqa: F401  only libraries that are loaded are held to one thread; two slow the peer tenfold
    from threadpoolctl import threadpool_limits

    from phy_medicine.compute import kernels

    warnings.simplefilter("ignore")
    kernels.warm_up()
    with threadpool_limits(1):
        recording, samples, places = make_recording(options.channels, options.units, options.duration)
        rows = [one_row(recording, samples, places[:, 1], method) for method in options.methods]
        result = {"duration_s": options.duration, "channels": options.channels, "units": options.units,
                  "n_spikes": len(samples), "same_signal": same_signal(recording), "rows": rows}  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps(result, indent=1))
    print(table(result))


if __name__ == "__main__":
    main()
