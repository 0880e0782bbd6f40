"""How far the raw spikes lie from where the sorter drew its templates."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.io.template_model import TemplateModel


def template_shift(model: TemplateModel, *, n_templates: int = 30, n_spikes: int = 50) -> int | None:
    """Measure by how many samples spikes come later in the raw data than in the templates.

    For the templates with most spikes, the mean raw waveform of some spikes on the peak channel is laid over the
    template; the median over the templates is returned. Exporters differ in where they put the trough.

    Parameters
    ----------
    n_templates, n_spikes : templates looked at, and spikes of each; some 1,500 short reads of the recording

    Returns
    -------
    Samples, positive when the raw spikes are later; None without templates or raw data
    """
    if model.templates is None or model.traces is None:
        return None
    counts = np.bincount(model.spike_templates, minlength=model.n_templates)[: model.templates.n_rows]
    chosen = [int(i) for i in np.argsort(-counts, kind="stable")[:n_templates] if counts[i] > 0]
    amplitudes = model.template_amplitudes
    shifts = [_shift_of(model, i, n_spikes) for i in chosen if amplitudes[i] > 0]
    return round(float(np.median(shifts))) if shifts else None


def _shift_of(model: TemplateModel, template_id: int, n_spikes: int) -> int:
    peak = model.template_channels(template_id)[:1]
    template = model.template(template_id, peak).data[:, 0]
    spike_ids = np.flatnonzero(model.spike_templates == template_id)
    spike_ids = spike_ids[np.linspace(0, len(spike_ids) - 1, min(n_spikes, len(spike_ids))).astype(np.int64)]
    largest = len(template) // 2
    mean = _mean_raw(model, model.spike_samples[spike_ids] - len(template) // 2 - largest, len(template), largest, peak)
    # A template ends in zeros or near them, so its mean is no part of its shape; the raw baseline is.
    overlap = np.correlate(mean - mean.mean(), template - template.mean(), mode="valid")
    return int(np.argmax(overlap)) - largest


def _mean_raw(model: TemplateModel, starts: IntArray, n_samples: int, largest: int, peak: IntArray) -> FloatArray:
    assert model.traces is not None
    raw = model.traces.read_many(starts, n_samples + 2 * largest, peak)[:, :, 0].astype(np.float64)
    mean: FloatArray = (raw - np.median(raw, axis=1, keepdims=True)).mean(axis=0)
    return mean
