"""MEDiCINe as one function of arrays: motion estimation by one motion and one density that does not change.

    from phy_medicine.compute.motion.medicine import run_medicine
    motion = run_medicine(peak_times, peak_depths, peak_amplitudes, "motion", num_depth_bins=5)
    corrected_depths = motion.corrected(peak_times, peak_depths)

Source: Watters, Buccino & Jazayeri 2025, MEDiCINe: Motion Correction for Neural Electrophysiology Recordings, eNeuro.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.motion.estimate import Estimate, Hooks, estimate
from phy_medicine.compute.motion.hints import hints
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.outputs import save_motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.settings import MedicineSettings

__all__ = ["MedicineSettings", "run_medicine", "run_motion"]


def run_medicine(
    peak_times: npt.ArrayLike,
    peak_depths: npt.ArrayLike,
    peak_amplitudes: npt.ArrayLike,
    output_dir: Path | str | None = None,
    *,
    progress: Callable[[float, str], object] = lambda fraction, message: None,
    preview: Callable[[Motion], object] = lambda motion: None,
    cancelled: Callable[[], object] = lambda: False,
    **hyperparameters: Any,
) -> Motion:
    """Estimate the motion of the tissue from its peaks.

    Parameters
    ----------
    peak_times, peak_depths, peak_amplitudes : (n_peaks,) s, µm, any unit and either sign; in any order
    output_dir : gets motion.npy, time_bins.npy, depth_bins.npy, medicine_parameters.json, motion_summary.json and the
        figures; None writes nothing
    progress : called with the fraction done and a line of text
    preview : called with the motion so far
    cancelled : asked several times a second; true, or raising, ends the work, and no file is written
    hyperparameters : fields of `MedicineSettings`; `exact=True` trains the reference model

    Returns
    -------
    corrected depth = observed depth - motion.at(time, observed depth)

    Raises
    ------
    PhyMedError : peaks or hyper-parameters of no use, in one sentence
    Cancelled : `cancelled` returned true
    """
    settings = MedicineSettings.of(**hyperparameters)
    if output_dir is None and hyperparameters.get("plot_figures"):
        raise PhyMedError("plot_figures needs an output_dir to put the figures into.")
    peaks = Peaks(np.asarray(peak_times), np.asarray(peak_depths), np.asarray(peak_amplitudes))
    told = Hooks(progress, preview, cancelled)
    return run_motion(peaks, settings, output_dir, hooks=told).motion


def run_motion(
    peaks: Peaks,
    settings: MedicineSettings,
    output_dir: Path | str | None = None,
    *,
    method: str = "medicine",
    hooks: Hooks | None = None,
) -> Estimate:
    """Estimate a motion with any method, find the hints, write the files; see `run_medicine`.

    Returns
    -------
    The estimate; its facts hold "hints", a list of sentences
    """
    told = hooks or Hooks()
    found = estimate(peaks, settings, method=method, hooks=told)
    told.progress(0.97, "Looking for hints")
    found.facts["hints"] = list(hints(found, peaks, settings))
    if output_dir is None:
        told.progress(1.0, "Done")
    else:
        parameters = settings.as_dict() | {"method": method, "output_dir": str(output_dir)}
        save_motion(
            output_dir,
            found.motion,
            parameters,
            summary=found.facts,
            draw=lambda folder: _draw(folder, found, peaks, settings, told),
        )
    return found


def _draw(folder: Path, found: Estimate, peaks: Peaks, settings: MedicineSettings, hooks: Hooks) -> None:
    """Draw the figures if they are wanted; after this nothing stops the estimate."""
    from phy_medicine.compute.motion.figures import draw_figures

    if settings.plot_figures:
        kept = peaks.cut(settings.amplitude_threshold_quantile, signed=settings.signed_amplitudes)
        draw_figures(folder, found, kept, lambda name: hooks.progress(0.98, f"Drawing {name.replace('_', ' ')}"))
    hooks.progress(1.0, "Done")
