"""The sorter's tables of clusters: label, contamination, amplitude."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.io.simulate.settings import SimulationSettings

VIOLATION_S = 0.0015  # below the shortest refractory period of a unit
GOOD_BELOW_PERCENT = 10.0


def write_tables(out_dir: Path, labels: IntArray, samples: IntArray, settings: SimulationSettings) -> None:
    """Write `cluster_KSLabel.tsv`, `cluster_ContamPct.tsv` and `cluster_Amplitude.tsv`; no groups: nobody curated."""
    n = int(labels.max()) + 1
    counts = np.bincount(labels, minlength=n)
    contamination = _contamination_percent(labels, samples, counts, settings)
    amplitude = np.bincount(labels, np.load(out_dir / "amplitudes.npy", allow_pickle=False), n) / np.maximum(counts, 1)
    quality = ["good" if c < GOOD_BELOW_PERCENT else "mua" for c in contamination]
    _write(out_dir, "KSLabel", quality)
    _write(out_dir, "ContamPct", [f"{c:.1f}" for c in contamination])
    _write(out_dir, "Amplitude", [f"{a:.1f}" for a in amplitude])


def _contamination_percent(
    labels: IntArray, samples: IntArray, counts: IntArray, settings: SimulationSettings
) -> np.ndarray:
    """Close successive spikes of a cluster over those of a Poisson train of its rate, (n_clusters,) percent."""
    order = np.argsort(labels, kind="stable")
    same = labels[order][1:] == labels[order][:-1]
    close = same & (np.diff(samples[order]) < VIOLATION_S * settings.sample_rate_hz)
    violations = np.bincount(labels[order][1:][close], minlength=len(counts))
    expected = counts.astype(np.float64) ** 2 * VIOLATION_S / settings.duration_s
    return np.asarray(np.minimum(100.0 * violations / np.maximum(expected, 0.5), 100.0))


def _write(out_dir: Path, field: str, values: list[str]) -> None:
    rows = "".join(f"{i}\t{value}\n" for i, value in enumerate(values))
    (out_dir / f"cluster_{field}.tsv").write_text(f"cluster_id\t{field}\n{rows}", encoding="utf-8")
