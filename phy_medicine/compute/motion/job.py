"""The job "motion": an estimate in a child process, its motion imported into the store as a run.

Inputs "times_s", "depths_um" and "amplitudes" are arrays, those of a dataset's spikes or of any files; or "recording"
is a `.json` description of a raw recording, on which peaks are detected first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from phy_medicine.compute.job_kinds import JobKind, register

if TYPE_CHECKING:
    from phy_medicine.base.types import AnyArray
    from phy_medicine.compute.job_context import JobContext
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.compute.motion.peaks import Peaks

DETECTION_SHARE = 0.8
UNITS = (("displacement", "µm"), ("temporal_bins_s", "s"), ("spatial_bins_um", "µm"))

register(
    JobKind(
        "motion",
        "Motion of the probe",
        "phy_medicine.compute.motion.settings:MotionSettings",
        "phy_medicine.compute.motion.job:run",
        uses_gpu=True,
        help="How far the tissue moved along the probe, as a function of time and depth, estimated from the spikes.",
        inputs=("times_s", "depths_um", "amplitudes"),
        units=UNITS,
    )
)


def run(context: JobContext) -> Mapping[str, AnyArray]:
    """Estimate the motion of the inputs; see `compute.worker`."""
    from dataclasses import replace

    import numpy as np

    from phy_medicine.compute.motion.estimate import Hooks
    from phy_medicine.compute.motion.medicine import run_motion

    settings = replace(context.settings, device=context.device, seed=context.seed)
    first = DETECTION_SHARE if "recording" in context.inputs else 0.0

    def progress(fraction: float, message: str) -> None:
        context.progress(first + (1 - first) * fraction, message)

    def preview(motion: Motion) -> None:
        if context.preview_due:
            context.preview(**motion.to_arrays())

    hooks = Hooks(progress, preview, context.check_cancelled)
    folder = Path(settings.out) if settings.out else None
    peaks = _peaks(context)
    context.log(f"{peaks.n_peaks:,} peaks over {float(np.ptp(peaks.times_s)):,.0f} s.")
    found = run_motion(peaks, settings, folder, method=settings.method, hooks=hooks)
    context.facts.update(found.facts, method=settings.method)
    context.units.update(UNITS)
    for hint in found.facts["hints"]:
        context.log(hint)
    return found.motion.to_arrays()


def _peaks(context: JobContext) -> Peaks:
    """The peaks of the inputs."""
    from phy_medicine.compute.motion.peaks import Peaks

    inputs = context.inputs
    recording = inputs.get("recording")
    if isinstance(recording, Path):
        from phy_medicine.compute.motion.detect import detect_peaks, read_description
        from phy_medicine.compute.motion.recordings import open_recording

        file, detection = read_description(recording)
        return detect_peaks(
            open_recording(file),
            detection,
            progress=lambda fraction, message: context.progress(DETECTION_SHARE * fraction, message),
        )
    return _finite(Peaks, inputs["times_s"], inputs["depths_um"], inputs["amplitudes"])  # type: ignore[arg-type]


def _finite(make: type[Peaks], times_s: AnyArray, depths_um: AnyArray, amplitudes: AnyArray) -> Peaks:
    """Peaks without the spikes whose depth is unknown, such as those without features."""
    import numpy as np

    known = np.isfinite(depths_um) & np.isfinite(amplitudes)
    if known.all():
        return make(times_s, depths_um, amplitudes)
    return make(times_s[known], depths_um[known], amplitudes[known])
