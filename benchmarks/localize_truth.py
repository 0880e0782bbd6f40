"""How near localizers come to the truth, on neurons of several kinds and probes; nothing is learned from the truth.

python -m benchmarks.localize_truth [--units 150] [--seeds 1 2] [--templates FILE.npz] [--out result.json]

Kinds: "exponential" and "power" are the templates of SpikeInterface's ground-truth generator (a formula of the
distance, not equally fast in all directions, later further away), "cable" are `benchmarks.cable_neurons`. Spikes are
templates plus noise of 6 units that neighbouring contacts share in part; what peaks below 5 times the noise is left
out. `--templates` adds others: an npz of `templates` (n, n_samples, n_channels), `trough` (its sample), `places` (n, 3)
and `contacts` (n_channels, 2).
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cable_neurons import cable_templates

RATE_HZ = 30000.0
BEFORE, AFTER = 90, 60
NOISE, THRESHOLD = 6.0, 5.0
SHARED_UM = 20.0
SPIKES_OF_UNIT = 30
KINDS = ("exponential", "power", "cable")
METHODS = ("com", "monopolar", "corrected")


def contacts_of(probe: str) -> np.ndarray:
    """Return contact positions of 64 channels or so."""
    if probe == "staggered":
        return np.array([(16.0 * k, 40.0 * r + 20.0 * (k % 2 == 0)) for r in range(16) for k in range(4)])
    if probe == "two columns":
        return np.array([(32.0 * k, 15.0 * r) for r in range(32) for k in range(2)])
    return np.array([(12.0 * k, 12.0 * r) for r in range(16) for k in range(6)])


@dataclass(frozen=True)
class Case:
    """Units in front of a probe."""

    name: str
    contacts: np.ndarray
    templates: np.ndarray
    places: np.ndarray


def make_case(kind: str, probe: str, n: int, seed: int) -> Case:
    """Draw units: SpikeInterface's own range of z, 5 to 40 µm; 10 to 60 µm for cables."""
    from spikeinterface.core.generate import generate_templates

    rng, contacts = np.random.default_rng(seed), contacts_of(probe)
    low, high = contacts.min(axis=0) - 20, contacts.max(axis=0) + 20
    z = (10, 60) if kind == "cable" else (5, 40)
    places = np.column_stack([rng.uniform(low, high, (n, 2)), rng.uniform(*z, n)])
    if kind == "cable":
        waves = cable_templates(contacts, places, rate=RATE_HZ, before=BEFORE, after=AFTER, seed=seed)
    else:
        waves = generate_templates(
            contacts, places, RATE_HZ, 3.0, 3.0, seed=seed, mode="ellipsoid", spatial_profile=kind,
        )[:, 90 - BEFORE : 90 + AFTER]  # fmt: skip
    return Case(f"{kind}, {probe}", contacts, np.asarray(waves, np.float32), places)


def read_case(path: Path) -> Case:
    """Read other templates."""
    with np.load(path) as file:
        waves, trough, places, contacts = (file[name] for name in ("templates", "trough", "places", "contacts"))
    padded = np.pad(waves, [(0, 0), (max(0, BEFORE - int(trough)), AFTER), (0, 0)])
    start = max(int(trough), BEFORE) - BEFORE
    return Case(path.stem, contacts, np.asarray(padded[:, start : start + BEFORE + AFTER], np.float32), places)


@dataclass(frozen=True)
class Spiking:
    """Spikes of a case as a source for our code: stored waveforms on the contacts within 120 µm."""

    case: Case
    seed: int

    @property
    def units(self) -> np.ndarray:
        loud = -self.case.templates.min(axis=(1, 2)) > THRESHOLD * NOISE
        return np.repeat(np.flatnonzero(loud), SPIKES_OF_UNIT)

    def blocks(self) -> Iterator[Any]:
        from phy_medicine.compute.localize.contacts import Contacts, within
        from phy_medicine.compute.localize.sources import Block
        from phy_medicine.compute.localize.spikes import StoredSpikes

        table = within(Contacts.of(self.case.contacts), 120.0).channel_ids
        mixing = self._mixing()
        order = np.random.default_rng(self.seed).permutation(len(self.units))
        for k in range(0, len(order), 500):
            spike_ids = order[k : k + 500]
            rng = np.random.default_rng([self.seed, k])
            waves = self.case.templates[self.units[spike_ids]] * rng.normal(1, 0.05, (len(spike_ids), 1, 1))
            waves += NOISE * rng.standard_normal(waves.shape, dtype=np.float32) @ mixing
            peaks = self.case.templates[self.units[spike_ids]].min(axis=1).argmin(axis=1)
            stored = table[peaks]
            part = np.take_along_axis(waves, np.maximum(stored, 0)[:, None], axis=2)
            spikes = StoredSpikes(np.ascontiguousarray(part, np.float32), stored, peaks, RATE_HZ, BEFORE)
            yield Block(spike_ids, lambda spikes=spikes: spikes)

    def _mixing(self) -> np.ndarray:
        """Makes independent noise into one with a correlation of exp(-distance / 20 µm)."""
        away = np.linalg.norm(self.case.contacts[:, None] - self.case.contacts[None], axis=2)
        return np.linalg.cholesky(np.exp(-away / SHARED_UM)).T.astype(np.float32)


def compare(case: Case, seed: int) -> list[dict[str, Any]]:
    """Localize with every method; errors."""
    from phy_medicine.compute.localize.contacts import Contacts, nearest
    from phy_medicine.compute.localize.job import make_localizer
    from phy_medicine.compute.localize.localize import Following, localize
    from phy_medicine.compute.localize.settings import LocalizeSettings

    source, contacts, rows = Spiking(case, seed), Contacts.of(case.contacts), []
    units = source.units
    for method in METHODS:
        begin = time.process_time()
        settings = replace(LocalizeSettings(), method=method)
        localizer, window = make_localizer(settings, contacts, RATE_HZ, source=source)
        taught = time.process_time()
        found = localize(source, localizer, len(units), following=Following(nearest(contacts), window))
        um = np.stack([found.x_um, found.depth_um, found.z_um], axis=1)
        rows.append({
            "case": case.name, "seed": seed, "method": method, "n_spikes": len(units), "n_units": len(np.unique(units)),
            "teach_cpu_s": taught - begin, **errors(um, case.places[units], units),
        })  # fmt: skip
    return rows


def traces(seconds: float) -> list[dict[str, Any]]:
    """Localize the peaks of the recording of `benchmarks.localize`, as it is and filtered, all in one thread."""
    from benchmarks.localize import Memory, make_case
    from phy_medicine.compute.localize.contacts import Contacts
    from phy_medicine.compute.localize.job import make_localizer, reach_of, signal_filter
    from phy_medicine.compute.localize.localize import localize
    from phy_medicine.compute.localize.settings import LocalizeSettings
    from phy_medicine.compute.localize.sources import RecordingSource

    case, rows = make_case(128, 60, seconds), []
    known, memory = case.unit >= 0, Memory(case.traces, len(case.traces))
    samples, channels = (case.peaks[name].astype(np.int64) for name in ("sample_index", "channel_index"))
    for name, low, high in (("recording", 0.0, 0.0), ("recording, filtered", 300.0, 6000.0)):
        for method in METHODS[1:]:
            settings = LocalizeSettings(method=method, low_cut_hz=low, high_cut_hz=high, common_median=low > 0)
            source = RecordingSource(
                memory, samples, channels, signal_filter(settings, 128), reach_of(settings, RATE_HZ)
            )
            begin = time.process_time()
            localizer, _ = make_localizer(settings, Contacts.of(case.positions), RATE_HZ, source=source)
            taught = time.process_time()
            found = localize(source, localizer, len(samples))
            seconds_taken = time.process_time() - taught
            um = np.stack([found.x_um, found.depth_um, found.z_um], axis=1)
            rows.append({
                "case": name, "seed": 0, "method": method, "n_spikes": len(samples),
                "teach_cpu_s": taught - begin, "spikes_per_cpu_s": len(samples) / seconds_taken,
                **errors(um[known], case.truth[case.unit[known]], case.unit[known]),
            })  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def errors(um: np.ndarray, truth: np.ndarray, units: np.ndarray) -> dict[str, float]:
    """Return medians, µm: of the distance from the truth, of each axis, and of the spread within a unit."""
    away = um - truth
    spread = [np.nanstd(um[units == k], axis=0) for k in np.unique(units)]
    across, depth, z = np.nanmedian(np.abs(away), axis=0)
    return {
        "error_3d_um": float(np.nanmedian(np.linalg.norm(away, axis=1))),
        "error_p90_um": float(np.nanquantile(np.linalg.norm(away, axis=1), 0.9)),
        "error_x_um": float(across), "error_depth_um": float(depth), "error_z_um": float(z),
        "bias_z_um": float(np.nanmedian(away[:, 2])),
        "spread_x_um": float(np.median(spread, axis=0)[0]), "spread_depth_um": float(np.median(spread, axis=0)[1]),
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    """Return the figures as a table of Markdown, means over the seeds."""
    keys = ("error_3d_um", "error_p90_um", "error_x_um", "error_depth_um", "error_z_um", "bias_z_um", "spread_depth_um")
    lines = [f"| case | method | {' | '.join(key.removesuffix('_um').replace('_', ' ') for key in keys)} |"]
    lines.append("|---" * (len(keys) + 2) + "|")
    for case, method in dict.fromkeys((row["case"], row["method"]) for row in rows):
        some = [row for row in rows if row["case"] == case and row["method"] == method]
        cells = [f"{np.mean([row[key] for row in some]):.2f}" for key in keys]
        lines.append(f"| {case} | {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=150)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--probes", nargs="*", default=["staggered", "two columns", "dense"])
    parser.add_argument("--templates", type=Path, nargs="*", default=[])
    parser.add_argument("--traces", type=float, default=0.0, help="seconds of the recording of benchmarks.localize")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: list[dict[str, Any]] = traces(options.traces) if options.traces else []
    for seed in options.seeds:
        cases = [make_case(kind, probe, options.units, seed) for kind in options.kinds for probe in options.probes]
        for case in [*cases, *(read_case(path) for path in options.templates)]:
            rows += compare(case, seed)
            print(
                *(f"{row['case']} {row['method']} {row['error_3d_um']:.2f}" for row in rows[-3:]), sep="; ", flush=True
            )
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == "__main__":
    main()
