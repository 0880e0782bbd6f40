"""One motion estimate by one other program; run by the interpreter of an environment that has it, so numpy only here.

PYTHON motion_peers.py CASE.npz METHOD OUT      # writes OUT.npz (time_bins, depth_bins, motion) and OUT.json

METHOD is medicine (medicine-neuro at its defaults), dredge_ap or iterative_template (SpikeInterface, with the
parameters of its presets "dredge" and "kilosort_like"). Time is that of the estimate alone, without imports.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

PITCH_UM = 20
RATE_HZ = 30000.0
PRESETS = {"dredge_ap": "dredge", "iterative_template": "kilosort_like"}


def run_medicine(case: Mapping[str, Any]) -> tuple[float, Any, Any, Any]:
    """Estimate with medicine-neuro at its defaults; seconds, times, depths, motion."""
    import logging

    import medicine
    import torch

    logging.disable(logging.INFO)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - its own random numbers
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        _, times, depths, motion = medicine.run_medicine(
            peak_times=case["peak_times"],
            peak_depths=case["peak_depths"],
            peak_amplitudes=case["peak_amplitudes"],
            output_dir=folder,
            plot_figures=False,
        )
    return time.perf_counter() - begin, times, depths, motion


def run_spikeinterface(case: Mapping[str, Any], method: str) -> tuple[float, Any, Any, Any]:
    """Estimate with SpikeInterface, contacts every 20 µm over the span of the case; as `run_medicine`."""
    from probeinterface import generate_multi_columns_probe
    from spikeinterface.core import NoiseGeneratorRecording
    from spikeinterface.preprocessing.motion import get_motion_parameters_preset
    from spikeinterface.sortingcomponents.motion import estimate_motion

    low, high = (float(v) for v in case["span"])
    n_channels = int((high - low) // PITCH_UM) + 1
    recording = NoiseGeneratorRecording(
        num_channels=n_channels, sampling_frequency=RATE_HZ, durations=[float(case["duration"])], seed=0
    )
    probe = generate_multi_columns_probe(
        num_columns=1, num_contact_per_column=n_channels, xpitch=PITCH_UM, ypitch=PITCH_UM
    )
    probe.move(np.array([0.0, low]))
    probe.set_device_channel_indices(np.arange(n_channels))
    recording.set_probe(probe)
    n = case["peak_times"].size
    peaks = np.zeros(n, [("sample_index", "i8"), ("channel_index", "i8"), ("amplitude", "f8"), ("segment_index", "i8")])
    peaks["sample_index"] = np.clip(case["peak_times"] * RATE_HZ, 0, recording.get_num_samples() - 1)
    peaks["amplitude"] = case["peak_amplitudes"]
    peaks["channel_index"] = np.clip((case["peak_depths"] - low) / PITCH_UM, 0, n_channels - 1)
    places = np.zeros(n, [("x", "f8"), ("y", "f8"), ("z", "f8"), ("alpha", "f8")])
    places["y"] = case["peak_depths"]
    places["alpha"] = np.abs(case["peak_amplitudes"])
    options = dict(get_motion_parameters_preset(PRESETS[method])["estimate_motion_kwargs"])
    if method == "dredge_ap":
        options["batching_mode"] = "full"  # the preset's own value is refused by SpikeInterface 0.105
    begin = time.perf_counter()
    found = estimate_motion(recording, peaks, places, **options)
    seconds = time.perf_counter() - begin
    return seconds, found.temporal_bins_s[0], found.spatial_bins_um, found.displacement[0]


def main() -> None:
    """Read the case, run, write."""
    warnings.filterwarnings("ignore")
    path, method, out = sys.argv[1:4]
    case = dict(np.load(path))
    cpu = time.process_time()
    seconds, times, depths, motion = run_medicine(case) if method == "medicine" else run_spikeinterface(case, method)
    np.savez(f"{out}.npz", time_bins=times, depth_bins=depths, motion=motion)
    program = "medicine-neuro" if method == "medicine" else "spikeinterface"
    facts = {
        "program": f"{program} {version(program)}",
        "wall_s": seconds,
        "cpu_s": time.process_time() - cpu,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    Path(f"{out}.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
