"""What a Kwik file holds, what is missing and what is odd, in plain text or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.io.checks import Check
from phy_medicine.io.metadata import GROUP

if TYPE_CHECKING:
    from phy_medicine.io.kwik_model import KwikModel


@dataclass(frozen=True, slots=True)
class KwikDescription:
    """A Kwik file in numbers and sentences."""

    path: str
    channel_group: int
    channel_groups: tuple[int, ...]
    clustering: str
    clusterings: tuple[str, ...]
    raw_files: tuple[str, ...]
    traces_missing: str
    n_recordings: int
    duration_s: float
    sample_rate: float
    n_channels: int
    channel_order: tuple[int, ...]
    n_spikes: int
    n_clusters: int
    n_pcs: int
    features_mapped: bool
    n_samples_waveform: int
    groups: Mapping[str, int]
    labels: tuple[str, ...]
    events: Mapping[str, int]
    checks: tuple[Check, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {**asdict(self), "groups": dict(self.groups), "events": dict(self.events)}

    def to_text(self, *, remarks: bool = True) -> str:
        """Return the description as lines of text, with the remarks unless they are shown elsewhere."""
        lines = [f"{name + ':':<22}{value}" for name, value in self._rows()]
        if self.checks and remarks:
            lines += ["", "Remarks"]
            lines += [f"  {check.severity:<8} {check}" for check in self.checks]
        return "\n".join(lines)

    def _rows(self) -> list[tuple[str, str]]:
        features = f"{self.n_pcs} components" + ("" if self.features_mapped else ", read through HDF5")
        order = ", ".join(map(str, self.channel_order[:16])) + (" ..." if len(self.channel_order) > 16 else "")
        return [
            ("Kwik file", self.path),
            ("Channel group", _chosen(self.channel_group, self.channel_groups)),
            ("Clustering", _chosen(self.clustering, self.clusterings)),
            ("Raw data", self.traces_missing or ", ".join(self.raw_files)),
            ("Recordings", f"{self.n_recordings}"),
            ("Duration", f"{self.duration_s:,.1f} s"),
            ("Sample rate", f"{self.sample_rate:,.1f} Hz"),
            ("Channels", f"{self.n_channels}: {order}"),
            ("Spikes", f"{self.n_spikes:,}"),
            ("Clusters", f"{self.n_clusters:,}"),
            ("Groups", ", ".join(f"{n} {group}" for group, n in self.groups.items())),
            ("Features", features if self.n_pcs else "missing"),
            ("Waveforms", f"{self.n_samples_waveform} samples"),
            ("Labels", ", ".join(self.labels) or "none"),
            ("Events", ", ".join(f"{n:,} {kind}" for kind, n in self.events.items()) or "none"),
        ]


def describe_kwik(model: KwikModel) -> KwikDescription:
    """Describe an open Kwik file."""
    cluster_ids = np.unique(model.spike_clusters).tolist()
    groups = model.metadata.fields.get(GROUP, {})
    counts = Counter(str(groups.get(cluster, "unsorted")) for cluster in cluster_ids)
    return KwikDescription(
        path=str(model.path),
        channel_group=model.channel_group,
        channel_groups=model.channel_groups,
        clustering=model.clustering,
        clusterings=model.clusterings,
        raw_files=tuple(str(path) for path in model.raw_paths),
        traces_missing=model.traces_missing,
        n_recordings=len(model.recording_offsets) - 1,
        duration_s=model.duration_s,
        sample_rate=model.sample_rate,
        n_channels=model.n_channels,
        channel_order=tuple(model.channel_map.tolist()),
        n_spikes=model.n_spikes,
        n_clusters=len(cluster_ids),
        n_pcs=0 if model.features is None else model.features.n_pcs,
        features_mapped=model.features is not None and model.features.mapped,
        n_samples_waveform=model.n_samples_template,
        groups=dict(sorted(counts.items())),
        labels=tuple(name for name, values in model.metadata.fields.items() if name != GROUP and values),
        events={kind: len(times) for kind, times in model.events.items()},
        checks=model.checks,
    )


def _chosen(one: object, all_of_them: tuple[object, ...]) -> str:
    others = [str(other) for other in all_of_them if other != one]
    return f"{one}" + (f" (also {', '.join(others)})" if others else "")
