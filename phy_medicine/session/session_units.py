"""The units of a session as they are compared with those of other sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.sessions.unit_set import UnitSet
from phy_medicine.curation.drift_similarity import contacts_near

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

N_WAVEFORMS = 100
"""Spikes of each half of a unit that its waveform is the mean of."""
FEWEST = 20
"""A cluster of fewer spikes is matched with nothing."""
SAME_PLACE_UM = 1.0
_MASKED = ("noise",)

Progress = Callable[[int, int], None]


def check_same_probe(reference: Session, other: Session) -> IntArray:
    """Return the contact of the reference at the place of each contact of the other session, -1 where there is none.

    Raises
    ------
    DatasetError : the sessions have different sampling rates, or are of different probes
    """
    names = f"{other.model.dir_path} and {reference.model.dir_path}"
    if other.model.sample_rate != reference.model.sample_rate:
        raise DatasetError(
            f"{names} were sampled at {other.model.sample_rate:g} and {reference.model.sample_rate:g} Hz; sessions can "
            "be matched of one sampling rate only."
        )
    a, b = reference.model.channel_positions, other.model.channel_positions
    apart = np.hypot(*(b[:, None, :] - a[None, :, :]).transpose(2, 0, 1))
    nearest = apart.argmin(axis=1)
    found = np.where(apart.min(axis=1) <= SAME_PLACE_UM, nearest, -1)
    # A few contacts may be left out as bad in one of the sessions.
    if (found >= 0).sum() < 0.8 * max(len(a), len(b)):
        raise DatasetError(f"{names} have contacts at other places; sessions can be matched of one probe only.")
    return found


def unit_set(session: Session, reference: Session, progress: Progress | None = None) -> UnitSet:
    """Return the units of a session, but for noise and clusters of few spikes, on the contacts of the reference.

    progress : called with the clusters that are done, and all

    Raises
    ------
    DatasetError : the sessions are not of one probe, or this one has neither waveforms nor templates
    """
    to_reference = check_same_probe(reference, session)
    source, model = session.data.waveform_source, session.model
    has_signal = model.traces is not None or model.waveform_subset is not None
    if not has_signal and not model.has_templates:
        raise DatasetError(f"{model.dir_path} has neither a recording nor templates, so its units cannot be matched.")
    ids = [c for c in session.cluster_ids if _is_compared(session, c)]
    peaks = np.array([session.data.peak_channel(c) for c in ids], np.int64)
    near = contacts_near(model.channel_positions[peaks], model.channel_positions)
    halves = []
    for i, cluster in enumerate(ids):
        waves = _measured(session, cluster, near[i]) if has_signal else _templates(session, cluster, near[i])
        halves.append(waves)
        if progress is not None:
            progress(i + 1, len(ids))
    n_samples = sum(source.window()) if has_signal else (halves[0].shape[1] if halves else 0)
    data = np.array(halves, np.float32).reshape(len(ids), 2, n_samples, near.shape[1])
    return UnitSet(
        cluster_ids=frozen(np.array(ids, np.int64)),
        halves=frozen(data),
        channel_ids=frozen(np.where(near >= 0, to_reference[near], -1)),
        positions_um=reference.model.channel_positions.astype(np.float64),
        displacement_um=frozen(_displacements(session, ids, model.channel_positions[peaks, 1])),
    )


def has_halves(session: Session) -> bool:
    """Whether single spikes of the session have waveforms, so that its halves can be compared."""
    return session.model.traces is not None or session.model.waveform_subset is not None


def _is_compared(session: Session, cluster_id: int) -> bool:
    return session.manager.group(cluster_id) not in _MASKED and len(session.facts.spikes(cluster_id)) >= FEWEST


def _measured(session: Session, cluster_id: int, near: IntArray) -> FloatArray:
    """(2, n_samples, n_local) means of both halves; a half without waveforms is like the other one."""
    source = session.data.waveform_source
    spikes = source.known(session.facts.spikes(cluster_id))
    means = []
    for half in np.array_split(spikes, 2):
        chosen = half[np.linspace(0, len(half) - 1, min(len(half), N_WAVEFORMS)).astype(np.int64)]
        if len(chosen):
            means.append(source.of_spikes(chosen, near).mean(axis=0))
    if not means:
        return np.zeros((2, sum(source.window()), len(near)), np.float32)
    return np.stack([means[0], means[-1]])


def _templates(session: Session, cluster_id: int, near: IntArray) -> FloatArray:
    """The templates of a cluster, by how many spikes come from each; the same for both halves."""
    used = near[near >= 0]
    templates, counts = session.facts.template_counts(cluster_id)
    shapes = np.array([session.model.template(int(t), used).data for t in templates])
    mean = np.average(shapes, axis=0, weights=counts)
    wave = np.zeros((len(mean), len(near)), np.float32)
    wave[:, near >= 0] = mean
    return np.stack([wave, wave])


def _displacements(session: Session, ids: list[int], depths_um: FloatArray) -> FloatArray:
    """Where the tissue was when each cluster fired, by the motion in use; 0 without one."""
    motion, times = session.motion.known, session.model.spike_times
    if motion is None:
        return np.zeros(len(ids))
    spikes = [session.facts.spikes(c) for c in ids]
    every = [motion.at(times[s], np.full(len(s), depth)) for s, depth in zip(spikes, depths_um, strict=True)]
    return np.array([float(np.mean(moved)) for moved in every])
