"""Which templates are the same neuron seen while the tissue was at different depths.

A neuron that moves along the probe changes its footprint, and a sorter that does not follow splits it: one cluster
for the times when the tissue was low, one for the times when it was high. Here every template is moved back to where
its neuron rests, and templates are compared there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.curation.similarity import similarity_from_templates

REACH_UM = 100.0
"""Contacts farther from the peak of a template are left out: a footprint has fallen to a tenth there."""
MOST_CONTACTS = 40
MIN_SIGMA_UM = 20.0
NUGGET = 0.01
DISTINCT_UM = 5.0
"""Motions that differ by less than about this tell nothing; the localization of a template is no better."""
_SPIKES_AT_ONCE = 1 << 18
_TEMPLATES_AT_ONCE = 256

Displacement = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class LocalTemplates:
    """Templates on a few contacts each.

    waveforms : (n_templates, n_samples, n_local) float32, unwhitened
    channel_ids : (n_templates, n_local) int, contact of each column, -1 where unused
    positions_um : (n_channels, 2) float64, x and y of all contacts; y is the depth
    """

    waveforms: FloatArray
    channel_ids: IntArray
    positions_um: FloatArray

    def peaks_um(self) -> FloatArray:
        """Where the contact of the largest amplitude of each template lies, (n_templates, 2) float64."""
        sizes = np.where(self.channel_ids >= 0, np.ptp(self.waveforms, axis=1), -1.0)
        peaks = np.take_along_axis(self.channel_ids, sizes.argmax(axis=1)[:, None], axis=1)[:, 0]
        return np.asarray(self.positions_um[peaks], dtype=np.float64)


def mean_displacements(
    times_s: FloatArray, templates: IntArray, depths_um: FloatArray, displacement: Displacement
) -> FloatArray:
    """Average the motion over the spikes of each template: where the tissue was when the template was seen.

    Parameters
    ----------
    times_s, templates : (n_spikes,) time and template of every spike
    depths_um : (n_templates,) observed depth of every template
    displacement : times, depths -> displacement in um, as `Motion.at`

    Returns
    -------
    (n_templates,) float64, um; 0 for a template without spikes
    """
    n = len(depths_um)
    sums, counts = np.zeros(n), np.zeros(n, dtype=np.int64)
    for start in range(0, len(times_s), _SPIKES_AT_ONCE):
        ids = templates[start : start + _SPIKES_AT_ONCE]
        here = ids < n
        ids = ids if here.all() else ids[here]
        times = times_s[start : start + _SPIKES_AT_ONCE]
        moved = displacement(times if here.all() else times[here], depths_um[ids])
        sums += np.bincount(ids, moved, n)
        counts += np.bincount(ids, minlength=n)
    return sums / np.maximum(counts, 1)


def at_rest(templates: LocalTemplates, displacement_um: FloatArray) -> LocalTemplates:
    """Move every template along the probe by the opposite of its displacement.

    Parameters
    ----------
    displacement_um : (n_templates,) um, positive towards larger depth

    Returns
    -------
    LocalTemplates on the contacts around the new place; what no contact saw is 0

    Notes
    -----
    What a contact would see is predicted from the contacts of the template by simple kriging of mean 0 with a
    Gaussian covariance of 20 um, or of the distance between neighbouring contacts where that is larger, and a
    hundredth of noise; any layout of contacts will do.

    Source: Cressie 1993, Statistics for Spatial Data, 3.2; for probes Pachitariu et al. 2024, Nat. Methods 21:914
    (Kilosort 4), who correct the recording so.
    """
    positions = np.asarray(templates.positions_um, dtype=np.float64)
    moved = np.zeros((len(displacement_um), 2))
    moved[:, 1] = displacement_um
    targets = contacts_near(templates.peaks_um() - moved, positions)
    sigma = _sigma(positions)
    n, n_samples, _ = templates.waveforms.shape
    out = np.zeros((n, n_samples, targets.shape[1]), dtype=np.float32)
    for start in range(0, n, _TEMPLATES_AT_ONCE):
        part = slice(start, start + _TEMPLATES_AT_ONCE)
        weights = _kriging(positions, templates.channel_ids[part], targets[part], moved[part], sigma)
        used = templates.channel_ids[part, None, :] >= 0
        waves = np.where(used, np.nan_to_num(templates.waveforms[part]), 0).astype(np.float32)
        out[part] = waves @ weights.astype(np.float32)
    return LocalTemplates(out, targets, positions)


def contacts_near(places_um: FloatArray, positions_um: FloatArray) -> IntArray:
    """Return the contacts within 100 um of each place, nearest first, 40 at most, at least one; -1 after the last.

    places_um : (n, 2), positions_um : (n_channels, 2) -> (n, k) int64
    """
    squares = ((places_um[:, None, :] - positions_um[None, :, :]) ** 2).sum(axis=2)
    order = np.argsort(squares, axis=1, kind="stable")[:, :MOST_CONTACTS]
    near = np.take_along_axis(squares, order, axis=1) <= REACH_UM**2
    near[:, 0] = True
    return np.where(near, order, -1)[:, : int(near.sum(axis=1).max(initial=1))]


def rest_similarity(
    templates: LocalTemplates,
    displacement_um: FloatArray,
    *,
    whitening: FloatArray | None = None,
    sizes: FloatArray | None = None,
    max_lag: int = 5,
) -> FloatArray:
    """Compare templates where their neurons rest.

    Parameters
    ----------
    displacement_um : (n_templates,) um
    whitening : (n_channels, n_channels) float or None; compare whitened templates, as the sorter's own similarity does
    sizes : (n_templates,) float or None; factors that bring the templates to a common scale, such as the mean
        amplitude of their spikes where templates are of unit norm
    max_lag : samples; shifts in time from -max_lag to max_lag are tried

    Returns
    -------
    (n_templates, n_templates) float32, symmetric, 1 on the diagonal, 0 for pairs without a common contact at rest

    Notes
    -----
    The value is the cosine at the best lag times 2 r / (1 + r^2), where r is the ratio of the two norms: 0.98 for
    neurons that differ by a quarter in size, 0.8 for one twice as large as the other.
    """
    rest = at_rest(templates, displacement_um)
    waves = rest.waveforms
    if whitening is not None:
        waves = waves @ _local_whitening(whitening, rest.channel_ids)
    alike = similarity_from_templates(waves, rest.channel_ids, max_lag=max_lag)
    norms = np.sqrt(np.einsum("tsc,tsc->t", waves, waves, dtype=np.float64))
    norms *= 1.0 if sizes is None else sizes
    squares = np.maximum(norms[:, None] ** 2 + norms[None, :] ** 2, np.finfo(np.float64).tiny)
    scaled: FloatArray = (alike * (2.0 * np.outer(norms, norms) / squares)).astype(np.float32)
    np.fill_diagonal(scaled, 1)
    return scaled


def combined(
    template_similarity: FloatArray, at_rest_similarity: FloatArray, displacement_um: FloatArray
) -> FloatArray:
    """Join the similarity of templates as seen and at rest.

    Parameters
    ----------
    template_similarity, at_rest_similarity : (n_templates, n_templates) float
    displacement_um : (n_templates,) um, mean displacement of each template

    Returns
    -------
    (n_templates, n_templates) float32; the template similarity itself, unchanged, for templates of the same motion

    Notes
    -----
    With s as seen, d at rest, and m the difference of the two displacements, w = 1 - exp(-(m / 5 um)^2 / 2):

        s + w (d - s)       where d > s: more alike at rest, an over-split by drift
        s + w (d - s) / 2   where d < s: alike only by chance of the depth

    The second half is kept, because a motion that is wrong at this depth must not take a true partner out of sight.
    """
    seen = np.nan_to_num(np.asarray(template_similarity, dtype=np.float32))
    apart = np.subtract.outer(displacement_um, displacement_um)
    weight = -np.expm1(-0.5 * (apart / DISTINCT_UM) ** 2)
    gain = at_rest_similarity - seen
    joined: FloatArray = (seen + weight * np.where(gain > 0, gain, 0.5 * gain)).astype(np.float32)
    return joined


def drift_similarity(
    templates: LocalTemplates,
    displacement_um: FloatArray,
    template_similarity: FloatArray,
    *,
    whitening: FloatArray | None = None,
    sizes: FloatArray | None = None,
) -> FloatArray:
    """Compare templates with the motion taken into account; arguments and rule as in the two functions above.

    Without motion this is `template_similarity` to the last bit.
    """
    if not np.ptp(displacement_um) > 0:
        return np.nan_to_num(np.asarray(template_similarity, dtype=np.float32))
    rest = rest_similarity(templates, displacement_um, whitening=whitening, sizes=sizes)
    return combined(template_similarity, rest, displacement_um)


def _sigma(positions_um: FloatArray) -> float:
    """Width of the covariance: 20 um, or the distance of neighbouring contacts."""
    if len(positions_um) < 2:
        return MIN_SIGMA_UM
    nearest = np.empty(len(positions_um))
    for i, place in enumerate(positions_um):  # one row at once: 5,000 contacts squared would be 400 MB
        squares = ((positions_um - place) ** 2).sum(axis=1)
        squares[i] = np.inf
        nearest[i] = squares.min()
    return max(MIN_SIGMA_UM, float(np.sqrt(np.median(nearest))))


def _kriging(
    positions_um: FloatArray, sources: IntArray, targets: IntArray, moved_um: FloatArray, sigma_um: float
) -> FloatArray:
    """(n, n_source, n_target) weights that predict the template at rest on the targets; 0 for unused columns.

    sources, targets : (n, k) int, -1 unused; moved_um : (n, 2) displacement of each template
    """
    here, there = positions_um[sources], positions_um[targets] + moved_um[:, None, :]
    used = sources >= 0
    both = used[:, :, None] & used[:, None, :]
    covariance = np.where(both, _gauss(here, here, sigma_um), 0.0) + (NUGGET + ~used[:, :, None]) * np.eye(
        sources.shape[1]
    )
    towards = np.where(used[:, :, None] & (targets >= 0)[:, None, :], _gauss(here, there, sigma_um), 0.0)
    return np.asarray(np.linalg.solve(covariance, towards))


def _gauss(a_um: FloatArray, b_um: FloatArray, sigma_um: float) -> FloatArray:
    """(n, k, m) covariance of places (n, k, 2) and (n, m, 2)."""
    x = a_um[:, :, None, 0] - b_um[:, None, :, 0]
    y = a_um[:, :, None, 1] - b_um[:, None, :, 1]
    return np.asarray(np.exp(-(x * x + y * y) / (2.0 * sigma_um**2)))


def _local_whitening(whitening: FloatArray, channel_ids: IntArray) -> FloatArray:
    """(n, k, k) float32 whitening of the contacts of each template; 0 for unused ones."""
    padded = np.zeros((len(whitening) + 1, len(whitening) + 1), dtype=np.float32)
    padded[:-1, :-1] = whitening
    return np.asarray(padded[channel_ids[:, :, None], channel_ids[:, None, :]])
