"""Where along the probe every spike is, as observed and with the motion of the probe taken out."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.log import logger
from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.compute.spike_map import corrected_depths
from phy_medicine.io.array_files import load_array
from phy_medicine.io.fingerprint import fingerprint
from phy_medicine.session.localization import LocalizationState, Positions
from phy_medicine.session.motion import MotionState

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.io.model import Model

# Features of as many spikes are read at once: some 12 MB.
_CHUNK = 1 << 16
_INPUTS = (
    "pc_features.npy",
    "pc_feature_ind.npy",
    "pc_feature_spike_ids.npy",
    "spike_templates.npy",
    "channel_positions.npy",
    "templates.npy",
)
_VERSION = "1"
TEMPLATES, LOCALIZED = "templates", "localization"
"""Sources of depths: each spike is put where its template is, which is no measurement; or where it was localized."""


@dataclass(frozen=True, slots=True)
class _Depths:
    """um : (n_spikes,) float32; measured : (n_spikes,) bool, None for all; source : in words."""

    um: FloatArray
    measured: BoolArray | None
    source: str


class SpikeDepths:
    """Depths of all spikes; nothing is read or computed before the first question, which may take some seconds.

    Ask in a worker thread: with 10 M spikes the sorter's positions take 0.2 s, features some seconds the first time
    and 0.05 s from the cache. Safe in any thread; two threads that ask at once wait for one computation.

    While a localization is in use, and gives the depths, they are its; spikes that it has no position of stay where the
    sorter puts them.

    Parameters
    ----------
    cache_dir : folder for depths that take long to compute, None to keep none; written to where `writable` says so
    """

    def __init__(
        self,
        model: Model,
        motion: MotionState,
        cache_dir: Path | None = None,
        localization: LocalizationState | None = None,
        *,
        writable: Callable[[], bool] = lambda: True,
    ) -> None:
        self._model = model
        self._motion = motion
        self._cache_dir = cache_dir
        self._writable = writable
        self._lock = threading.Lock()
        self._localization = localization
        self._observed: _Depths | None = None
        self._localized: tuple[Positions, _Depths] | None = None
        self._corrected: list[tuple[Motion, _Depths, FloatArray] | None] = [None, None]

    @property
    def ready(self) -> bool:
        """Whether `raw` is at hand."""
        return self._observed is not None

    @property
    def localized(self) -> Positions | None:
        """The localization that the depths are of, as far as it was read."""
        return None if self._localization is None else self._localization.known_for_depths

    @property
    def source(self) -> str:
        """Where the depths come from: `LOCALIZED`, "spike positions", "centre of mass of features" or `TEMPLATES`."""
        return self._read().source

    @property
    def raw(self) -> FloatArray:
        """(n_spikes,) float32, µm, as observed; NaN where the sorter gives no position."""
        return self._read().um

    @property
    def measured(self) -> BoolArray:
        """(n_spikes,) bool: the depth is the spike's own, not that of its template."""
        depths = self._read()
        return np.isfinite(depths.um) if depths.measured is None else depths.measured

    def measured_of(self, spike_ids: IntArray) -> FloatArray:
        """Return the depths of some spikes as observed, (n,) float32, µm, NaN where it is only that of the template."""
        depths = self._read()
        um: FloatArray = depths.um[spike_ids]
        return um if depths.measured is None else np.where(depths.measured[spike_ids], um, np.float32(np.nan))

    @property
    def corrected(self) -> FloatArray:
        """(n_spikes,) float32, µm, with the motion in use taken out; as observed when none is."""
        return self.without(self._motion.current)

    @property
    def shown(self) -> FloatArray:
        """(n_spikes,) float32, µm: corrected or raw, as the one switch of the session says."""
        return self.corrected if self._motion.corrected else self.raw

    def without(self, motion: Motion | None) -> FloatArray:
        """Return the depths with some motion taken out, (n_spikes,) float32, µm.

        Those of the motion in use are kept, and those of the last other one, a preview.
        """
        depths = self._read()
        if motion is None:
            return depths.um
        place = 0 if motion is self._motion.known else 1
        known = self._corrected[place]
        if known is None or known[0] is not motion or known[1] is not depths:
            without = self._without(motion, depths.um, self._model.spike_times)
            known = self._corrected[place] = (motion, depths, without)
        return known[2]

    def of(self, spike_ids: IntArray, motion: Motion | None = None) -> FloatArray:
        """Return the depths of some spikes, with a motion taken out when one is given, (n,) float32, µm."""
        raw: FloatArray = self.raw[spike_ids]
        return raw if motion is None else self.moved(raw, spike_ids, motion)

    def moved(self, depths_um: FloatArray, spike_ids: IntArray, motion: Motion) -> FloatArray:
        """Return any depths of some spikes with a motion taken out, (n,) float32, µm."""
        return self._without(motion, depths_um, self._model.spike_times[spike_ids])

    @staticmethod
    def _without(motion: Motion, depths_um: FloatArray, times_s: FloatArray) -> FloatArray:
        grid = motion.displacement, motion.temporal_bins_s, motion.spatial_bins_um
        return frozen(corrected_depths(times_s, depths_um, *grid))

    def _read(self) -> _Depths:
        positions = None if self._localization is None else self._localization.for_depths
        with self._lock:
            if self._observed is None:
                self._observed = self._observe()
            if positions is None:
                return self._observed
            if self._localized is None or self._localized[0] is not positions:
                self._localized = positions, _of_positions(positions, self._observed)
            return self._localized[1]

    def _observe(self) -> _Depths:
        model = self._model
        positions = model.spikes.depth_um
        if positions is not None:
            return _Depths(positions, None, "spike positions")
        of_templates = template_depths(model)[model.spike_templates]
        if model.features is None:
            return _Depths(frozen(of_templates), frozen(np.zeros(model.n_spikes, dtype=bool)), TEMPLATES)
        depths = self._of_features()
        measured = np.isfinite(depths)
        return _Depths(frozen(np.where(measured, depths, of_templates)), frozen(measured), "centre of mass of features")

    def _of_features(self) -> FloatArray:
        """Depth of every spike by its features, NaN without any; from the cache when the files are as they were."""
        path = None if self._cache_dir is None else self._cache_dir / f"spike_depths_{self._key()}.npy"
        known = _load(path, self._model.n_spikes)
        if known is not None:
            return known
        features, channel_depths = self._model.features, self._model.channel_positions[:, 1]
        assert features is not None
        depths = np.empty(self._model.n_spikes, dtype=np.float32)
        for start in range(0, len(depths), _CHUNK):
            stop = min(start + _CHUNK, len(depths))
            depths[start:stop] = features.depths_um(np.arange(start, stop), channel_depths)
        if path is not None and self._writable():
            _store(path, depths)
        return depths

    def _key(self) -> str:
        """Name of what the depths were computed from."""
        model = self._model
        names = (*_INPUTS, model.path.with_suffix(".kwx").name)
        marks = [repr((name, fingerprint(model.dir_path / name))) for name in names]
        digest = hashlib.sha256("\n".join([_VERSION, model.store_name, *marks]).encode())
        digest.update(np.ascontiguousarray(model.channel_positions, dtype=np.float64).tobytes())
        return digest.hexdigest()[:16]


def _of_positions(positions: Positions, observed: _Depths) -> _Depths:
    """The depths of a localization, and those of the sorter for spikes that it has no position of."""
    known = np.isfinite(positions.depth_um)
    if known.all():
        return _Depths(positions.depth_um, None, LOCALIZED)
    measured = np.isfinite(observed.um) if observed.measured is None else observed.measured
    um = np.where(known, positions.depth_um, observed.um)
    return _Depths(frozen(um), frozen(known | measured), LOCALIZED)


def template_depths(model: Model) -> FloatArray:
    """Return the depth of every template, (n_templates,) float32, µm.

    The centre of mass of the squared peak-to-peak amplitude on its best channels; without waveforms its peak channel.
    """
    y = model.channel_positions[:, 1]
    depths = y[model.template_peak_channels].astype(np.float32)
    if model.templates is None:
        return depths
    amplitudes = np.square(model.templates.channel_amplitudes(), dtype=np.float64)
    for template_id in range(min(len(amplitudes), len(depths))):
        channels = model.template_channels(template_id)
        weights = amplitudes[template_id, channels]
        if weights.sum() > 0:
            depths[template_id] = weights @ y[channels] / weights.sum()
    return depths


def _load(path: Path | None, n_spikes: int) -> FloatArray | None:
    if path is None:
        return None
    try:
        depths: FloatArray = load_array(path)
    except DatasetError:
        return None
    return depths if depths.shape == (n_spikes,) and depths.dtype == np.float32 else None


def _store(path: Path, depths: FloatArray) -> None:
    """Write the depths in one step, and delete those of earlier files; a full disk costs only a log line."""
    temporary = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.save(file, depths)
        temporary.replace(path)
        for old in path.parent.glob("spike_depths_*.npy"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        logger.warning("Could not keep the depths of the spikes in %s: %s.", path, error)
