"""Time Gibbs sampling, and count how well a cluster is split by a model.

    python -m benchmarks.mixture gibbs [--peer PYTHON] [--sweeps 10000]
    python -m benchmarks.mixture split [DATASET ...]
    python -m benchmarks.mixture speed [DATASET ...]

`gibbs` is of 10,000 points in 21 dimensions and 13 components; PYTHON is an environment with NumPyro, which samples the
same model with the labels summed out. `split` takes datasets of `phy-med simulate` without over-merged or over-split
clusters: each neuron is a cluster that must stay whole, and neurons of which each shows on the other's largest channel
are put together, two and three, as clusters to be split. Beside it stand k-means, and a mixture of full Gaussians, that
are told how many there are, and what SpikeInterface splits clusters by, which finds the number itself: isosplit and
HDBSCAN on three directions, as its `LocalFeatureClustering.split` calls them by default. Spikes that HDBSCAN leaves out
are given to the nearest group, which is to its advantage.

`speed` puts clusters together up to 20,000 spikes and times features and split, on the clock and of both processors.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.datasets import named_or_small

N, K, D = 10_000, 13, 21
_FEWEST, _MOST = 150, 20_000


def gibbs(sweeps: int, peer: str) -> dict[str, Any]:
    """Return seconds of ours, and of the peer."""
    from phy_medicine.compute.mixture import gmm

    rng = np.random.default_rng(0)
    means = 2 * rng.normal(size=(K, D))
    truth = rng.integers(K, size=N)
    x = means[truth] + rng.normal(size=(N, D))
    gmm.fit(x[:200], 2, samples=5)  # the kernels are loaded
    begin = time.perf_counter()
    fit = gmm.fit(x, K, samples=sweeps)
    found: dict[str, Any] = {"sweeps": sweeps, "seconds": round(time.perf_counter() - begin, 2)}
    found["accuracy"] = accuracy(truth, fit.counts.argmax(axis=1))
    if peer:
        with tempfile.TemporaryDirectory() as folder:
            np.save(Path(folder) / "x.npy", x)
            script = Path(__file__).with_name("mixture_numpyro.py")
            line = [peer, str(script), str(Path(folder) / "x.npy"), str(K), "100", "100"]
            said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
        found["numpyro"] = json.loads(said.splitlines()[-1])
    return found


def accuracy(truth: np.ndarray, labels: np.ndarray) -> float:
    """Part of the points with the right label, under the best assignment of labels to neurons."""
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((truth.max() + 1, labels.max() + 1))
    np.add.at(counts, (truth, labels), 1)
    rows, columns = linear_sum_assignment(-counts)
    return float(counts[rows, columns].sum() / len(truth))


def split(datasets: list[Path]) -> dict[str, Any]:
    """Return how often single neurons stay whole, and how well several are taken apart."""
    from phy_medicine.compute.mixture.dataset_features import dataset_features
    from phy_medicine.compute.mixture.split import split_by_model
    from phy_medicine.compute.mixture.split_trains import join_by_trains
    from phy_medicine.io.open_model import open_model

    singles, several, seconds = [], [], []
    for path in datasets:
        model = open_model(path)
        labels = model.spike_clusters
        sizes = np.bincount(labels)
        units = [int(u) for u in np.flatnonzero(sizes >= _FEWEST)]

        def features(chosen: tuple[int, ...], model: Any = model, labels: Any = labels) -> tuple[Any, Any, Any]:
            ids = np.flatnonzero(np.isin(labels, chosen))
            found = dataset_features(model, ids, 8)
            samples = np.asarray(model.spike_samples[found.spike_ids], np.int64)
            return found.x, np.searchsorted(sorted(chosen), labels[found.spike_ids]), samples

        def by_trains(found: Any, samples: Any, model: Any = model) -> Any:
            return join_by_trains(found, samples, model.sample_rate, round(model.duration_s * model.sample_rate))[0]

        for unit in units:
            x, _, samples = features((unit,))
            begin = time.process_time()
            shapes = split_by_model(x)
            found = by_trains(shapes, samples)
            seconds.append((len(x), time.process_time() - begin))
            singles.append(
                {"ours": found.supported, "shapes": shapes.supported}
                | {name: len(set(g.tolist())) > 1 for name, g in peers(x).items()}
            )
        channels = {u: set(model.template_channels(u)[:6].tolist()) for u in units}
        peak = {u: int(model.template_channels(u)[0]) for u in units}
        near = {
            (a, b) for a, b in itertools.combinations(units, 2) if peak[a] in channels[b] and peak[b] in channels[a]
        }
        triples = {(a, b, c) for a, b in near for c in units if c > b and {(a, c), (b, c)} <= near}
        for chosen in [*spread(near), *spread(triples)]:
            x, truth, samples = features(chosen)
            if min(np.bincount(truth, minlength=len(chosen))) < _FEWEST:
                continue
            begin = time.process_time()
            shapes = split_by_model(x)
            found = by_trains(shapes, samples)
            seconds.append((len(x), time.process_time() - begin))
            several.append({
                "n": len(chosen), "ours": accuracy(truth, found.labels), "parts": len(found.sizes),
                "shapes": accuracy(truth, shapes.labels),
                **known(x, truth, len(chosen)),
                **{name: accuracy(truth, groups) for name, groups in peers(x).items()},
            })  # fmt: skip
    whole = {name: sum(not row[name] for row in singles) for name in singles[0]}
    return {"singles": len(singles), "whole": whole, "several": several, "seconds": seconds}


def spread(groups: set[tuple[int, ...]], most: int = 25) -> list[tuple[int, ...]]:
    """At most so many of the groups, evenly chosen."""
    ordered = sorted(groups)
    return ordered[:: -(-len(ordered) // most) or 1]


def known(x: np.ndarray, truth: np.ndarray, k: int) -> dict[str, float]:
    """Accuracy of methods that are told how many neurons there are."""
    from sklearn.cluster import KMeans

    from phy_medicine.compute.mixture import gmm

    told = gmm.fit(x, k, covariance="full", engine="sklearn").predict(x)
    means = KMeans(k, n_init=5, random_state=0).fit_predict(x)
    return {"k_known": accuracy(truth, told), "kmeans": accuracy(truth, means)}


def peers(x: np.ndarray) -> dict[str, np.ndarray]:
    """Groups by SpikeInterface's ways to split a cluster, with the settings of its `LocalFeatureClustering.split`."""
    from sklearn.cluster import HDBSCAN
    from sklearn.decomposition import TruncatedSVD
    from spikeinterface.sortingcomponents.clustering.isosplit_isocut import isosplit

    scores = TruncatedSVD(min(3, x.shape[1] - 1), random_state=0).fit_transform(x)
    fewest = 25
    n_init = 15 if len(x) // fewest >= 15 else max(2, len(x) // (2 * fewest))
    by_dip = isosplit(scores, n_init=n_init, min_cluster_size=fewest, seed=0)
    by_density = HDBSCAN(min_cluster_size=fewest, min_samples=5, copy=True).fit_predict(scores)
    return {"isosplit": numbered(scores, by_dip, fewest), "hdbscan": numbered(scores, by_density, fewest)}


def numbered(x: np.ndarray, groups: np.ndarray, fewest: int) -> np.ndarray:
    """Groups from 0 on; spikes of none, and those of groups that are too small, go to the nearest of the others."""
    ids, counts = np.unique(groups, return_counts=True)
    kept = ids[(ids >= 0) & (counts >= fewest)]
    if not len(kept):
        return np.zeros(len(x), int)
    means = np.stack([x[groups == group].mean(axis=0) for group in kept])
    nearest = ((x[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    return np.where(np.isin(groups, kept), np.searchsorted(kept, groups), nearest)


METHODS = {
    "ours": "split by model", "shapes": "the same by shapes alone",
    "k_known": "Gaussians with K known", "kmeans": "k-means with K known",
    "isosplit": "SpikeInterface's isosplit", "hdbscan": "HDBSCAN as in SpikeInterface",
}  # fmt: skip


def table(found: dict[str, Any]) -> str:
    """The result of `split` in lines."""
    n_single = found["singles"]
    lines = [f"{'':<30}{f'{n_single} single, whole':>18}"]
    several = {n: [row for row in found["several"] if row["n"] == n] for n in (2, 3)}
    lines[0] += "".join(f"{f'{len(rows)} of {n}: accuracy':>20}" for n, rows in several.items())
    for name, title in METHODS.items():
        cells = [f"{np.mean([row[name] for row in rows]):.3f}" if rows else "" for rows in several.values()]
        lines.append(f"{title:<30}{found['whole'].get(name, ''):>18}" + "".join(f"{cell:>20}" for cell in cells))
    for n, rows in several.items():
        exact = sum(row["parts"] == n for row in rows)
        close = sum(row["ours"] >= row["k_known"] - 0.02 for row in rows)
        lines.append(f"of {n}: split by model has the right number {exact}, is within 2 % of K known {close}")
    slowest = max(found["seconds"], key=lambda pair: pair[1])
    lines.append(f"most processor time of a split: {slowest[1]:.2f} s, for {slowest[0]:,} spikes")
    return "\n".join(lines)


def speed(datasets: list[Path]) -> list[dict[str, Any]]:
    """Return seconds of the split of clusters that were put together, up to 20,000 spikes."""
    from phy_medicine.compute.mixture.dataset_features import dataset_features
    from phy_medicine.compute.mixture.split import split_by_model
    from phy_medicine.io.open_model import open_model

    split_by_model(np.random.default_rng(0).normal(size=(500, 4)))  # libraries and kernels are loaded
    rows = []
    for path in datasets:
        model = open_model(path)
        near = np.argsort(model.channel_positions[[model.template_channels(u)[0] for u in range(model.n_templates)], 1])
        for first in range(0, len(near), 3):
            ids = np.flatnonzero(np.isin(model.spike_clusters, near[first : first + 5]))[:_MOST]
            if len(ids) < _FEWEST:
                continue
            begin, busy = time.perf_counter(), time.process_time()
            x = dataset_features(model, ids, 8).x
            read = time.perf_counter() - begin
            found = split_by_model(x)
            rows.append({
                "n": len(ids), "features_s": read, "clock_s": time.perf_counter() - begin,
                "processor_s": time.process_time() - busy, "parts": len(found.sizes),
            })  # fmt: skip
    return sorted(rows, key=lambda row: row["n"])


def main() -> None:
    """Run a benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("gibbs", "split", "speed"))
    parser.add_argument("datasets", nargs="*", type=Path)
    parser.add_argument("--peer", default="", metavar="PYTHON")
    parser.add_argument("--sweeps", type=int, default=10_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = measured(given)
    print(table(found) if given.what == "split" else json.dumps(found, indent=1))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1), encoding="utf-8")


def measured(given: argparse.Namespace) -> Any:
    """Return the figures of what was asked for; of a small simulated dataset where none was named."""
    if given.what == "gibbs":
        return gibbs(given.sweeps, given.peer)
    measure = split if given.what == "split" else speed
    if given.datasets:
        return measure(given.datasets)
    with named_or_small(None, oversplit=0.0, overmerge=0.0, duration_s=120.0) as folder:
        return measure([folder])


if __name__ == "__main__":
    main()
