"""How often merges that a model suggests are right, and what outliers and reassigned spikes put right.

python -m benchmarks.model_curation merges [--seeds 1 2 3] [--cases 0 1 2] [--out result.json]
python -m benchmarks.model_curation spikes [--seeds 1 2 3]

`merges`: the simulated recordings with mistakes of `benchmarks.suggestions`, of which the truth is known. Every pair of
a cluster and one of those with the three nearest templates is judged.

`spikes`: recordings without mistakes, in which 3 % of the spikes of each cluster were given to its nearest neighbour
(`reassign`), or 2 % of the spikes of every cluster come from anywhere on the same channels (`outliers`).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.corrupted import corrupted, opened
from benchmarks.suggestions import CASES, Case, Truth
from phy_medicine.base.types import IntArray
from phy_medicine.compute.mixture.one_or_two import FEWEST, OneOrTwo, one_or_two
from phy_medicine.compute.mixture.outliers import find_outliers
from phy_medicine.io.simulate import simulate
from phy_medicine.session.model_features import model_features
from phy_medicine.session.odd_spikes import nothing_told, uncertain_of
from phy_medicine.session.session import Session

THRESHOLD = 0.7
_SHARE_SWAPPED, _SHARE_FOREIGN, _FEWEST = 0.03, 0.02, 200


@dataclass(slots=True)
class Merges:
    """Of one recording.

    n_pairs : pairs that are judged; n_one : of them one neuron; n_seen : of those without a valley, as drift makes one
    n_model : pairs for which one Gaussian is more probable, and n_model_wrong of them two neurons
    n_suggested, n_wrong : with valley, features and refractory time, of a probability of 0.5 on; sure : of 0.7 on
    """

    case: str
    seed: int
    n_pairs: int
    n_one: int
    n_seen: int
    n_model: int
    n_model_wrong: int
    n_suggested: int
    n_wrong: int
    n_sure: int
    n_sure_wrong: int
    seconds: float


def merges(case: Case, seed: int) -> Merges:
    """Judge all pairs of one recording."""
    with tempfile.TemporaryDirectory() as folder:
        data = corrupted(Path(folder) / "dataset", case.settings(seed))
        session, truth = opened(data), Truth(data.units)
        try:
            begin = time.perf_counter()
            session.suggestions.choose_preset("model")
            session.suggestions._merges.compute(session.cluster_ids)
            seconds = time.perf_counter() - begin
            found = [s for s in session.suggestions.queue.waiting if s.kind == "merge"]
            wrong = [truth.of(session, s.cluster_ids[0]) != truth.of(session, s.cluster_ids[1]) for s in found]
            sure = [s.confidence >= THRESHOLD for s in found]
            alone = [(pair, said) for pair in _near(session) if (said := _compared(session, pair)) is not None]
            one = [truth.of(session, a) == truth.of(session, b) for (a, b), _ in alone]
            model = [said.log_evidence > 0 for _, said in alone]
            seen = [said.depth < 0.1 for _, said in alone]
            return Merges(
                case.name, seed, len(alone), sum(one), int(np.logical_and(one, seen).sum()), sum(model),
                int(np.logical_and(model, ~np.array(one, bool)).sum()), len(found), sum(wrong), sum(sure),
                int(np.logical_and(sure, wrong).sum()), round(seconds, 1),
            )  # fmt: skip
        finally:
            session.close()


def _near(session: Session) -> list[tuple[int, int]]:
    similar, found = session.similar, set()
    for c in session.cluster_ids:
        for rows in (similar.template_rows(c), similar.aware_rows(c)):
            found |= {(min(c, other), max(c, other)) for other in list(rows)[:3]}
    return sorted(found)


def _compared(session: Session, pair: tuple[int, int]) -> OneOrTwo | None:
    first, second = (side.scores for side in session.pairs.sides.pair(*pair))
    if first is None or second is None or min(len(first), len(second)) < FEWEST:
        return None
    return one_or_two(first, second)


def spikes(case: Case, seed: int) -> dict[str, float]:
    """Put spikes into wrong clusters, and count what is found."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session.open(simulate(Path(folder) / "dataset", case.settings(seed)))
        try:
            rng = np.random.default_rng(seed)
            return {"seed": seed, "case": case.name} | _outliers(session, rng) | _reassigned(session, rng)
        finally:
            session.close()


def _outliers(session: Session, rng: np.random.Generator) -> dict[str, float]:
    """Spikes of other clusters among those of one, described on the channels of that one."""
    hit, n_hit, n_false, n_true = 0, 0, 0, 0
    for c in session.cluster_ids:
        own = model_features(session, [c], nothing_told).x
        if len(own) < _FEWEST:
            continue
        n = max(round(_SHARE_FOREIGN * len(own)), 1)
        # Anywhere in the box that the features of the cluster fill: collisions, noise, spikes of others.
        low, high = own.min(axis=0), own.max(axis=0)
        found = find_outliers(np.concatenate([own, rng.uniform(low, high, (n, own.shape[1]))]))
        is_hit = np.zeros(len(own) + n, bool)
        is_hit[found.rows] = True
        hit, n_hit = hit + int(is_hit[-n:].sum()), n_hit + n
        n_false, n_true = n_false + int(is_hit[:-n].sum()), n_true + len(own)
    return {"outliers found": hit / n_hit, "of other spikes": n_false / n_true}


def _reassigned(session: Session, rng: np.random.Generator) -> dict[str, float]:
    """Swap spikes between each cluster and its nearest, reassign, and compare with the labels before."""
    names = ("right before", "right after", "swapped found", "right moved away")
    found = dict.fromkeys(names, 0.0)
    n, n_swapped = 0, 0
    for c in session.cluster_ids:
        other = next(iter(session.similar.template_rows(c)), None)
        if other is None or min(len(session.facts.spikes(i)) for i in (c, other)) < _FEWEST:
            continue
        if not len(session.pairs.sides.shared_channels((c, other))):
            continue
        swapped, targets = _swapped(session, rng, c, other)
        delta = session.reassign(swapped, targets)
        now = dict(zip(sorted((c, other)), delta.added, strict=True))
        result = uncertain_of(session, delta.added)
        better = result.found.better
        moved = result.spike_ids[better]
        right_again = int(np.isin(moved, swapped).sum())
        total = sum(len(session.facts.spikes(i)) for i in now.values())
        n, n_swapped = n + total, n_swapped + len(swapped)
        found["right before"] += total - len(swapped)
        found["right after"] += total - len(swapped) + right_again - (len(moved) - right_again)
        found["swapped found"] += right_again
        found["right moved away"] += len(moved) - right_again
        session.undo()
    return {
        "right before": found["right before"] / n, "right after": found["right after"] / n,
        "swapped found": found["swapped found"] / n_swapped, "right moved away": found["right moved away"] / n,
    }  # fmt: skip


def _swapped(session: Session, rng: np.random.Generator, a: int, b: int) -> tuple[IntArray, IntArray]:
    parts = [
        rng.choice(session.facts.spikes(c), round(_SHARE_SWAPPED * len(session.facts.spikes(c))), replace=False)
        for c in (a, b)
    ]
    return np.concatenate(parts), np.repeat([b, a], [len(part) for part in parts])


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("merges", "spikes"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--cases", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows = []
    for case in (CASES[i] for i in args.cases):
        for seed in args.seeds:
            rows.append(asdict(merges(case, seed)) if args.what == "merges" else spikes(case, seed))
            print(rows[-1], flush=True)
    if args.out:
        args.out.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
