"""Time Gibbs sampling, and count how well a cluster is split by a model.

    python -m benchmarks.mixture gibbs [--peer PYTHON] [--sweeps 10000]
    python -m benchmarks.mixture split DATASET [DATASET ...]

`gibbs` is of 10,000 points in 21 dimensions and 13 components; PYTHON is an environment with NumPyro, which samples the
same model with the labels summed out. `split` takes datasets of `phy-med simulate` without over-merged or over-split
clusters: each neuron is a cluster that must stay whole, and neurons of which each shows on the other's largest channel
are put together, two and three, as clusters to be split. Beside it stand k-means, and a mixture of full Gaussians, that
are told how many there are.
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
            line = [peer, str(script), str(Path(folder) / "x.npy"), str(K), "5", "10"]
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
    from phy_medicine.io.open_model import open_model

    singles, several, seconds = [], [], []
    for path in datasets:
        model = open_model(path)
        labels = model.spike_clusters
        sizes = np.bincount(labels)
        units = [int(u) for u in np.flatnonzero(sizes >= _FEWEST)]

        def features(chosen: tuple[int, ...], model: Any = model, labels: Any = labels) -> tuple[Any, Any]:
            ids = np.flatnonzero(np.isin(labels, chosen))
            found = dataset_features(model, ids, 8)
            return found.x, np.searchsorted(sorted(chosen), labels[found.spike_ids])

        for unit in units:
            x, _ = features((unit,))
            begin = time.process_time()
            found = split_by_model(x)
            seconds.append((len(x), time.process_time() - begin))
            singles.append(found.supported)
        channels = {u: set(model.template_channels(u)[:6].tolist()) for u in units}
        peak = {u: int(model.template_channels(u)[0]) for u in units}
        near = {
            (a, b) for a, b in itertools.combinations(units, 2) if peak[a] in channels[b] and peak[b] in channels[a]
        }
        triples = {(a, b, c) for a, b in near for c in units if c > b and {(a, c), (b, c)} <= near}
        for chosen in [*spread(near), *spread(triples)]:
            x, truth = features(chosen)
            if min(np.bincount(truth, minlength=len(chosen))) < _FEWEST:
                continue
            begin = time.process_time()
            found = split_by_model(x)
            seconds.append((len(x), time.process_time() - begin))
            several.append({
                "n": len(chosen), "ours": accuracy(truth, found.labels), "parts": len(found.sizes),
                **known(x, truth, len(chosen)),
            })  # fmt: skip
    return {"singles": len(singles), "split": sum(singles), "several": several, "seconds": seconds}


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


def table(found: dict[str, Any]) -> str:
    """The result of `split` in lines."""
    lines = [f"single neurons kept whole: {found['singles'] - found['split']} of {found['singles']}"]
    for n in (2, 3):
        rows = [row for row in found["several"] if row["n"] == n]
        if rows:
            mean = {name: np.mean([row[name] for row in rows]) for name in ("ours", "k_known", "kmeans")}
            exact = sum(row["parts"] == n for row in rows)
            close = sum(row["ours"] >= row["k_known"] - 0.02 for row in rows)
            lines.append(
                f"{n} neurons, {len(rows)} clusters: split by model {mean['ours']:.3f}, Gaussians with K known "
                f"{mean['k_known']:.3f}, k-means with K known {mean['kmeans']:.3f}; right number {exact}, "
                f"within 2 % of K known {close}"
            )
    slowest = max(found["seconds"], key=lambda pair: pair[1])
    lines.append(f"most processor time of a split: {slowest[1]:.2f} s, for {slowest[0]:,} spikes")
    return "\n".join(lines)


def main() -> None:
    """Run a benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("gibbs", "split"))
    parser.add_argument("datasets", nargs="*", type=Path)
    parser.add_argument("--peer", default="", metavar="PYTHON")
    parser.add_argument("--sweeps", type=int, default=10_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = gibbs(given.sweeps, given.peer) if given.what == "gibbs" else split(given.datasets)
    print(json.dumps(found, indent=1) if given.what == "gibbs" else table(found))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
