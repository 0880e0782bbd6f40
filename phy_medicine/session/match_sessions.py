"""Which units of several sessions of one probe are the same neurons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sessions.assign import Unit, group_certainty, one_to_one, put_together
from phy_medicine.compute.sessions.certainty import PairFeatures, probabilities
from phy_medicine.compute.sessions.shift import Shift, estimate_shift
from phy_medicine.compute.sessions.unit_set import UnitSet
from phy_medicine.curation.drift_similarity import LocalTemplates, at_rest
from phy_medicine.curation.similarity import similarity_from_templates
from phy_medicine.session.session_units import check_same_probe, has_halves, unit_set

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

Progress = Callable[[str, int, int], None]
_TEMPLATES_ONLY = (
    "{name} has no recording here: its templates are compared, and how certain a match is cannot be learned from its "
    "halves."
)


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """Settings of `match_sessions`; the options of the command line are made from this table."""

    threshold: float = setting(0.5, "Certainty that a match needs", minimum=0.01, maximum=0.999)
    reach_um: float = setting(
        60.0, "Units farther apart than this, once the shift is taken out, are not compared", unit="µm", minimum=5.0,
        maximum=500.0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What is shown of one session.

    name : of its folder; units : its clusters that were compared; depths_um : (n,) float64, with the shift taken out
    shift : from the first session, None for the first
    """

    name: str
    units: UnitSet
    depths_um: FloatArray
    shift: Shift | None


@dataclass(frozen=True, slots=True)
class MatchedUnit:
    """One neuron: its cluster in each session, None where it was not found.

    certainty : probability that they are one neuron, mean over all pairs; score : 0 to 1, how alike they are
    """

    clusters: tuple[int | None, ...]
    certainty: float
    score: float

    @property
    def n(self) -> int:
        """In how many sessions it was found."""
        return sum(c is not None for c in self.clusters)


@dataclass(frozen=True, slots=True)
class SessionMatch:
    """Units of several sessions.

    matched : found in two sessions or more, by depth; alone : clusters of each session that are in none of them
    notes : what to know of it, in sentences
    """

    sessions: tuple[SessionFacts, ...]
    matched: tuple[MatchedUnit, ...]
    alone: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...] = ()


def match_sessions(
    sessions: Sequence[Session], settings: MatchSettings | None = None, progress: Progress | None = None
) -> SessionMatch:
    """Find the neurons that several sessions of one probe have in common.

    Parameters
    ----------
    sessions : two or more; the first is the one whose depths count
    progress : called with the name of a session, its clusters that are read, and all of them

    Raises
    ------
    DatasetError : fewer than two sessions, different probes or sampling rates, or a session without waveforms
    """
    settings = settings or MatchSettings()
    if len(sessions) < 2:
        raise DatasetError("Name two sessions or more to be matched.")
    for other in sessions[1:]:
        check_same_probe(sessions[0], other)
    names = _names(sessions)
    sets = [_read(s, sessions[0], name, progress) for s, name in zip(sessions, names, strict=True)]
    if len({units.halves.shape[2] for units in sets if units.n}) > 1:
        raise DatasetError(
            "Some of the sessions have a recording and others templates of another length; open all with theirs."
        )
    shifts = [estimate_shift(sets[0], units) for units in sets[1:]]
    still = [_still(units, shift) for units, shift in zip(sets, [None, *shifts], strict=True)]
    within = [_within(units, settings.reach_um) for units, s in zip(still, sessions, strict=True) if has_halves(s)]
    certainties: dict[tuple[Unit, Unit], float] = {}
    scores: dict[tuple[Unit, Unit], float] = {}
    for a, b in combinations(range(len(sets)), 2):
        rows, columns, pairs = _between(still[a], still[b], settings.reach_um)
        found = probabilities(pairs, rows, columns, *(_joined([w[i] for w in within]) for i in (0, 1)))
        for pair in one_to_one(rows, columns, found, threshold=settings.threshold).tolist():
            key = ((a, int(rows[pair])), (b, int(columns[pair])))
            certainties[key], scores[key] = float(found[pair]), float(pairs.score[pair])
    groups = put_together(certainties, threshold=settings.threshold)
    facts = tuple(
        SessionFacts(name, units, moved.centers_um[:, 1], shift)
        for name, units, moved, shift in zip(names, sets, still, [None, *shifts], strict=True)
    )
    matched = tuple(
        MatchedUnit(_clusters(group, sets), group_certainty(group, certainties), group_certainty(group, scores))
        for group in sorted(groups, key=lambda group: -still[group[0][0]].centers_um[group[0][1], 1])
    )
    taken = {unit for group in groups for unit in group}
    alone = tuple(
        tuple(int(c) for i, c in enumerate(units.cluster_ids.tolist()) if (s, i) not in taken)
        for s, units in enumerate(sets)
    )
    notes = tuple(
        _TEMPLATES_ONLY.format(name=name) for name, s in zip(names, sessions, strict=True) if not has_halves(s)
    )
    return SessionMatch(facts, matched, alone, notes)


@dataclass(frozen=True, slots=True)
class _Still:
    """Units where the first session would see them.

    whole, halves : mean waveforms moved there, halves[0] first; centers_um : (n, 2) float64; n : how many
    """

    whole: LocalTemplates
    halves: tuple[LocalTemplates, LocalTemplates]
    centers_um: FloatArray
    half_centers_um: tuple[FloatArray, FloatArray]

    @property
    def n(self) -> int:
        return len(self.centers_um)


def _still(units: UnitSet, shift: Shift | None) -> _Still:
    """Take the shift between the sessions, and the motion within this one, out of everything."""
    moved = np.zeros(units.n) if shift is None else shift.at(units.centers_um[:, 1])
    total = moved + units.displacement_um
    waves = (units.mean, units.halves[:, 0], units.halves[:, 1])
    templates = [_moved(LocalTemplates(w, units.channel_ids, units.positions_um), total) for w in waves]
    centers = [units.centers_of(w) - np.column_stack([np.zeros(units.n), moved]) for w in waves]
    return _Still(templates[0], (templates[1], templates[2]), centers[0], (centers[1], centers[2]))


def _moved(templates: LocalTemplates, displacement_um: FloatArray) -> LocalTemplates:
    return at_rest(templates, displacement_um) if len(displacement_um) else templates


def _between(a: _Still, b: _Still, reach_um: float) -> tuple[IntArray, IntArray, PairFeatures]:
    """Pairs of units of two sessions that are near each other."""
    rows, columns = _near(a.centers_um, b.centers_um, reach_um)
    return rows, columns, _features(a.whole, b.whole, a.centers_um, b.centers_um, rows, columns)


def _within(units: _Still, reach_um: float) -> tuple[PairFeatures, PairFeatures]:
    """First half of each unit against its second half, and against those of its neighbours."""
    rows, columns = _near(units.half_centers_um[0], units.half_centers_um[1], reach_um)
    pairs = _features(*units.halves, *units.half_centers_um, rows, columns)
    same = rows == columns
    return _chosen(pairs, same), _chosen(pairs, ~same)


def _near(a_um: FloatArray, b_um: FloatArray, reach_um: float) -> tuple[IntArray, IntArray]:
    apart = np.hypot(*(a_um[:, None, :] - b_um[None, :, :]).transpose(2, 0, 1))
    rows, columns = np.nonzero(apart <= reach_um)
    return rows, columns


def _features(
    a: LocalTemplates, b: LocalTemplates, a_um: FloatArray, b_um: FloatArray, rows: IntArray, columns: IntArray
) -> PairFeatures:
    if not len(rows):
        return PairFeatures(np.zeros(0), np.zeros(0), np.zeros(0))
    alike = _cross_similarity(a, b)[rows, columns].astype(np.float64)
    sizes = [np.sqrt(np.einsum("nsl,nsl->n", t.waveforms, t.waveforms, dtype=np.float64)) for t in (a, b)]
    ratio = np.log(np.maximum(sizes[0], 1e-9))[rows] - np.log(np.maximum(sizes[1], 1e-9))[columns]
    return PairFeatures(alike, ratio, np.hypot(*(a_um[rows] - b_um[columns]).T))


def _cross_similarity(a: LocalTemplates, b: LocalTemplates) -> FloatArray:
    """(n_a, n_b) float32 cosine at the best lag."""
    n_local = max(a.channel_ids.shape[1], b.channel_ids.shape[1])
    waves, channels = zip(*(_padded(t, n_local) for t in (a, b)), strict=True)
    every = similarity_from_templates(np.concatenate(waves), np.concatenate(channels))
    return every[: len(a.waveforms), len(a.waveforms) :]


def _padded(templates: LocalTemplates, n_local: int) -> tuple[FloatArray, IntArray]:
    more = n_local - templates.channel_ids.shape[1]
    waves = np.pad(templates.waveforms, ((0, 0), (0, 0), (0, more)))
    return waves, np.pad(templates.channel_ids, ((0, 0), (0, more)), constant_values=-1)


def _chosen(pairs: PairFeatures, mask: IntArray) -> PairFeatures:
    return PairFeatures(pairs.alike[mask], pairs.log_ratio[mask], pairs.apart_um[mask])


def _joined(every: Sequence[PairFeatures]) -> PairFeatures:
    columns = [[getattr(p, name) for p in every] for name in ("alike", "log_ratio", "apart_um")]
    return PairFeatures(*(np.concatenate(c) if c else np.zeros(0) for c in columns))


def _read(session: Session, reference: Session, name: str, progress: Progress | None) -> UnitSet:
    if progress is None:
        return unit_set(session, reference)
    return unit_set(session, reference, lambda done, every: progress(name, done, every))


def _clusters(group: Sequence[Unit], sets: Sequence[UnitSet]) -> tuple[int | None, ...]:
    row_of = dict(group)
    return tuple(int(units.cluster_ids[row_of[s]]) if s in row_of else None for s, units in enumerate(sets))


def _names(sessions: Sequence[Session]) -> list[str]:
    """Names of the folders; with their parents where two are called the same, and numbers where that does not help."""
    names = [s.name for s in sessions]
    if len(set(names)) < len(names):
        names = [f"{s.model.dir_path.parent.name}/{s.name}" for s in sessions]
    return [name if names.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(names)]
