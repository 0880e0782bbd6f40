"""Peaks of a raw recording through SpikeInterface: filter, detect, localize, one piece of time after the other."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import changed, setting
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion.peaks import Peaks

PIECE_S = 5.0
"""Seconds of recording at a time: some hundred MB at 384 channels, and cancelling waits for no more."""
FLAT = (".bin", ".dat", ".raw")
RADIUS_UM = 75.0
LOCALIZATIONS = {
    "grid": ("grid_convolution", {}),
    "monopolar": ("monopolar_triangulation", {"radius_um": RADIUS_UM}),
    "mass": ("center_of_mass", {"radius_um": RADIUS_UM}),
}


@dataclass(frozen=True, slots=True)
class DetectSettings:
    """How peaks are found in a raw recording."""

    detect_threshold: float = setting(5.0, "Peaks below minus this many times the noise of a channel count", minimum=1)
    localization: str = setting(
        "grid", "How depths are found: grid is precise, monopolar slow, mass (centre of mass) fast and coarse",
        choices=tuple(LOCALIZATIONS),
    )  # fmt: skip
    low_cut_hz: float = setting(300.0, "Lower edge of the filter", unit="Hz", minimum=1.0)
    high_cut_hz: float = setting(6000.0, "Upper edge of the filter", unit="Hz", minimum=10.0)


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """Where a recording is and, for a file of plain numbers, what they are.

    format : name of SpikeInterface's reader, such as "spikeglx" or "nwb"; "" guesses from the path
    probe : file of probeinterface (.json), or .npy of channel positions (n_channels, 2), µm; "" where the recording
        knows its probe
    """

    path: str
    format: str = ""
    sample_rate_hz: float = 0.0
    n_channels: int = 0
    dtype: str = "int16"
    offset: int = 0
    probe: str = ""


def write_description(path: Path, file: RecordingFile, settings: DetectSettings) -> Path:
    """Write which recording, and how its peaks are found, as JSON: an input of a job."""
    content = {"recording": asdict(file), "detection": asdict(settings)}
    path.write_text(json.dumps(content), "utf-8")
    return path


def read_description(path: Path) -> tuple[RecordingFile, DetectSettings]:
    """Read what `write_description` wrote.

    Raises
    ------
    PhyMedError : the file is something else
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        return RecordingFile(**content["recording"]), changed(DetectSettings(), **content["detection"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PhyMedError(f"{path} does not describe a recording: {error}.") from None


def open_recording(file: RecordingFile) -> Any:
    """Open a recording with SpikeInterface.

    Raises
    ------
    PhyMedError : it cannot be read, or has no probe
    """
    path = Path(file.path)
    if not path.exists():
        raise PhyMedError(f"{path} does not exist.")
    if path.suffix in (".pkl", ".pickle"):
        raise PhyMedError(f"{path} is a pickle, which can run any code when it is read; save the recording otherwise.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            recording = _opened(path, file)
            if file.probe:
                recording = _with_probe(recording, Path(file.probe))
    except PhyMedError:
        raise
    except Exception as error:  # SpikeInterface's readers raise whatever the libraries below them do
        raise PhyMedError(f"SpikeInterface cannot read {path}: {error or type(error).__name__}.") from error
    if not recording.has_probe():
        raise PhyMedError(f"{path} comes without a probe; name one with --probe.")
    return recording


def _opened(path: Path, file: RecordingFile) -> Any:
    name = file.format or _guess(path)
    if name == "flat":
        from spikeinterface.core import read_binary

        if not file.sample_rate_hz or not file.n_channels:
            raise PhyMedError(f"{path} holds plain numbers; say --sample-rate and --channels.")
        return read_binary(
            path, sampling_frequency=file.sample_rate_hz, num_channels=file.n_channels, dtype=file.dtype,
            file_offset=file.offset,
        )  # fmt: skip
    if name == "saved":
        from spikeinterface.core import load

        return load(path)
    from spikeinterface import extractors

    reader = getattr(extractors, f"read_{name}", None)
    if reader is None:
        raise PhyMedError(f"SpikeInterface has no reader {name!r}.")
    return reader(path)


def _guess(path: Path) -> str:
    """The reader that a path is for."""
    if path.is_dir():
        if any(path.rglob("*.ap.meta")):
            return "spikeglx"
        return "openephys" if any(path.rglob("structure.oebin")) or any(path.rglob("settings.xml")) else "saved"
    suffixes = {".nwb": "nwb_recording", ".cbin": "cbin_ibl", ".json": "saved", ".zarr": "saved"}
    return "flat" if path.suffix in FLAT else suffixes.get(path.suffix, "saved")


def _with_probe(recording: Any, path: Path) -> Any:
    from probeinterface import Probe, read_probeinterface

    if path.suffix != ".npy":
        return recording.set_probegroup(read_probeinterface(path)) or recording
    positions = np.load(path, allow_pickle=False)
    if positions.shape != (recording.get_num_channels(), 2):
        raise PhyMedError(f"{path} holds positions {positions.shape} for {recording.get_num_channels()} channels.")
    probe = Probe(ndim=2, si_units="um")
    probe.set_contacts(positions)
    probe.set_device_channel_indices(np.arange(positions.shape[0]))
    return recording.set_probe(probe) or recording


def detect_peaks(
    recording: Any,
    settings: DetectSettings | None = None,
    *,
    progress: Callable[[float, str], object] = lambda fraction, message: None,
    cancelled: Callable[[], object] = lambda: False,
) -> Peaks:
    """Find and localize the peaks of a recording of SpikeInterface with one segment and a probe.

    Parameters
    ----------
    progress : called with the fraction done and a line of text
    cancelled : asked between pieces of 5 s; true, or raising, ends the work

    Returns
    -------
    Times from the start of the recording, depths along the probe's y axis, amplitudes in units of the recording

    Raises
    ------
    PhyMedError : more segments than one, or no peaks
    Cancelled : `cancelled` returned true
    """
    if recording.get_num_segments() != 1:
        raise PhyMedError("The recording has several segments; motion is estimated on one at a time.")
    chosen = settings or DetectSettings()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepared, noise = _prepared(recording, chosen)
        rate, n_samples = recording.get_sampling_frequency(), recording.get_num_samples()
        found: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        step = max(1, int(PIECE_S * rate))
        for start in range(0, n_samples, step):
            if cancelled():
                raise Cancelled
            progress(start / n_samples, f"Detecting peaks, {start / rate:,.0f} s")
            stop = min(n_samples, start + step)
            samples, depths, amplitudes = _piece(prepared.frame_slice(start, stop), noise, chosen)
            found.append(((samples + start) / rate, depths, amplitudes))
    progress(1.0, "Peaks are detected")
    times, depths, amplitudes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    known = np.isfinite(depths)
    if not known.any():
        raise PhyMedError(f"No peaks above {chosen.detect_threshold:g} times the noise; lower --detect-threshold.")
    return Peaks(times[known], depths[known], amplitudes[known])


def _prepared(recording: Any, settings: DetectSettings) -> tuple[Any, AnyArray]:
    """The filtered recording without what all channels have in common, and the noise of its channels."""
    from spikeinterface.core import get_noise_levels
    from spikeinterface.preprocessing import bandpass_filter, common_reference

    high = min(settings.high_cut_hz, 0.45 * recording.get_sampling_frequency())
    filtered = bandpass_filter(recording, freq_min=settings.low_cut_hz, freq_max=high, dtype="float32")
    if filtered.get_num_channels() > 8:
        filtered = common_reference(filtered, reference="global", operator="median")
    options = {"return_in_uV": False} if "return_in_uV" in signature(get_noise_levels).parameters else {
        "return_scaled": False
    }  # fmt: skip
    return filtered, np.asarray(get_noise_levels(filtered, **options))


def _piece(recording: Any, noise: AnyArray, settings: DetectSettings) -> tuple[AnyArray, FloatArray, FloatArray]:
    """Samples, depths and amplitudes of the peaks of a piece."""
    from spikeinterface.sortingcomponents.peak_detection import detect_peaks as si_detect
    from spikeinterface.sortingcomponents.peak_localization import localize_peaks

    jobs = {"n_jobs": 1, "chunk_duration": "1s", "progress_bar": False}
    detection = {
        "peak_sign": "neg", "detect_threshold": settings.detect_threshold, "exclude_sweep_ms": 0.8,
        "radius_um": RADIUS_UM, "noise_levels": noise,
    }  # fmt: skip
    table = _call(si_detect, (recording,), "locally_exclusive", detection, jobs)
    if not table.size:
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    method, options = LOCALIZATIONS[settings.localization]
    places = _call(localize_peaks, (recording, table), method, options, jobs)
    return table["sample_index"], places["y"].astype(np.float64), table["amplitude"].astype(np.float64)


def _call(function: Any, inputs: tuple[Any, ...], method: str, options: dict[str, Any], jobs: dict[str, Any]) -> Any:
    """Call a function of SpikeInterface with its options as this version wants them."""
    if "method_kwargs" in signature(function).parameters:
        return function(*inputs, method=method, method_kwargs=dict(options), job_kwargs=dict(jobs))
    return function(*inputs, method=method, **options, **jobs)
