"""The matrix of drift-aware similarity of a dataset's templates under a motion."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from phy_medicine.base.types import FloatArray
from phy_medicine.curation.drift_similarity import LocalTemplates, contacts_near, drift_similarity, mean_displacements
from phy_medicine.io.model import Model
from phy_medicine.session.depths import template_depths

_SHANKS_APART_UM = 10_000.0
_UNIT_NORM_SPREAD = 0.1


class MovingTissue(Protocol):
    """What is needed of a motion."""

    def at(self, times_s: npt.ArrayLike, depths_um: npt.ArrayLike) -> FloatArray:
        """Displacement in µm at times and observed depths."""


class DriftSimilarity:
    """Compares the templates of one dataset under any motion; templates are read once.

    Ask in a worker thread: 800 templates on 384 channels take 0.35 s the first time, 0.2 s under another motion, and
    10 M spikes 0.3 s more.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._local: LocalTemplates | None = None

    def displacements(self, motion: MovingTissue) -> FloatArray:
        """Return how far each template's neuron was moved, on average over its spikes, (n_templates,) float64, µm."""
        model = self._model
        return mean_displacements(model.spike_times, model.spike_templates, template_depths(model), motion.at)

    def matrix(self, motion: MovingTissue, template_similarity: FloatArray) -> FloatArray:
        """Return (n_templates, n_templates) float32, as `curation.drift_similarity.drift_similarity`."""
        if self._local is None:
            self._local = local_templates(self._model)
        whitening = self._whitening()
        sizes = self._sizes(self._local, whitening)
        return drift_similarity(
            self._local, self.displacements(motion), template_similarity, whitening=whitening, sizes=sizes
        )

    def _whitening(self) -> FloatArray | None:
        """The sorter's whitening where its own similarity, which compares whitened templates, is in use."""
        inverse: FloatArray | None = getattr(self._model, "whitening_inverse", None)
        if inverse is None or self._model.similar_templates is None:
            return None
        try:
            return np.linalg.inv(inverse)
        except np.linalg.LinAlgError:
            return None

    def _sizes(self, local: LocalTemplates, whitening: FloatArray | None) -> FloatArray | None:
        """Mean amplitude of the spikes of each template where templates are of unit norm (Kilosort 2 and 3)."""
        amplitudes = self._model.amplitudes
        if amplitudes is None:
            return None
        waves = local.waveforms
        if whitening is not None:
            padded = np.pad(whitening, (0, 1))
            ids = local.channel_ids
            waves = waves @ padded[ids[:, :, None], ids[:, None, :]].astype(np.float32)
        norms = np.sqrt(np.einsum("tsc,tsc->t", waves, waves, dtype=np.float64))
        norms = norms[norms > 0]
        if not len(norms) or norms.std() > _UNIT_NORM_SPREAD * norms.mean():
            return None
        n = len(local.waveforms)
        templates = self._model.spike_templates
        counts = np.bincount(templates, minlength=n)[:n]
        return np.asarray(np.bincount(templates, np.abs(amplitudes), n)[:n] / np.maximum(counts, 1))


def local_templates(model: Model) -> LocalTemplates:
    """Return the unwhitened templates on the contacts around their peaks; shanks are put far apart."""
    positions = np.array(model.channel_positions, dtype=np.float64)
    positions[:, 0] += _SHANKS_APART_UM * np.asarray(model.channel_shanks)
    channels = contacts_near(positions[model.template_peak_channels], positions)
    waves = np.zeros((len(channels), model.n_samples_template, channels.shape[1]), dtype=np.float32)
    for template_id, row in enumerate(channels):
        used = row[row >= 0]
        waves[template_id, :, : len(used)] = model.template(template_id, used).data
    return LocalTemplates(waves, channels, positions)
