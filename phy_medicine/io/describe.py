"""What a dataset holds, what is missing and what is odd, in plain text or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from phy_medicine.io.alignment import template_shift
from phy_medicine.io.checks import Check
from phy_medicine.io.template_model import TemplateModel


@dataclass(frozen=True, slots=True)
class Description:
    """A dataset in numbers and sentences."""

    path: str
    raw_files: tuple[str, ...]
    traces_missing: str
    duration_s: float
    sample_rate: float
    dtype: str
    n_channels_dat: int | None
    n_channels: int
    n_shanks: int
    n_spikes: int
    n_clusters: int
    n_templates: int
    n_samples_template: int
    has_templates: bool
    sparse_templates: bool
    n_pcs: int
    complete_features: bool
    has_template_features: bool
    has_similarity: bool
    has_amplitudes: bool
    has_positions: bool
    n_stored_waveforms: int
    template_shift: int | None
    groups: Mapping[str, int]
    labels: tuple[str, ...]
    spike_attributes: tuple[str, ...]
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
        features = f"{self.n_pcs} components" + ("" if self.complete_features else ", for some spikes only")
        templates = f"{self.n_templates:,}" + (", sparse" if self.sparse_templates else "")
        return [
            ("Dataset", self.path),
            ("Raw data", self.traces_missing or ", ".join(self.raw_files)),
            ("Duration", f"{self.duration_s:,.1f} s"),
            ("Sample rate", f"{self.sample_rate:,.1f} Hz"),
            ("Sample type", self.dtype),
            ("Channels", f"{self.n_channels} shown, {self.n_channels_dat or 'unknown'} in the file, {self._shanks()}"),
            ("Spikes", f"{self.n_spikes:,}"),
            ("Clusters", f"{self.n_clusters:,}"),
            ("Groups", ", ".join(f"{n} {group}" for group, n in self.groups.items())),
            ("Templates", f"{templates}, {self.n_samples_template} samples" if self.has_templates else "missing"),
            ("Template shift", self._shift()),
            ("Features", features if self.n_pcs else "missing"),
            ("Template features", "present" if self.has_template_features else "missing"),
            ("Similarity", "present" if self.has_similarity else "missing"),
            ("Amplitudes", "present" if self.has_amplitudes else "missing"),
            ("Positions", "present" if self.has_positions else "missing"),
            ("Stored waveforms", f"{self.n_stored_waveforms:,}" if self.n_stored_waveforms else "none"),
            ("Labels", ", ".join(self.labels) or "none"),
            ("Spike attributes", ", ".join(self.spike_attributes) or "none"),
            ("Events", ", ".join(f"{n:,} {kind}" for kind, n in self.events.items()) or "none"),
        ]

    def _shift(self) -> str:
        shift = self.template_shift
        return (
            "not measured"
            if shift is None
            else f"raw spikes {abs(shift)} samples {'later' if shift >= 0 else 'earlier'}"
        )

    def _shanks(self) -> str:
        return f"{self.n_shanks} shank{'s' if self.n_shanks != 1 else ''}"


def describe(model: TemplateModel) -> Description:
    """Describe an open dataset."""
    cluster_ids = np.unique(model.spike_clusters)
    features, subset, params = model.features, model.waveform_subset, model.params
    groups = model.metadata.fields.get("group", {})
    events = {kind: len(train) for kind, train in model.events.items()}  # remarks on their files belong to the checks
    names = Counter(str(groups.get(int(cluster), "unsorted")) for cluster in cluster_ids)
    return Description(
        path=str(model.path),
        raw_files=tuple(str(path) for path in params.dat_paths),
        traces_missing=model.traces_missing,
        duration_s=model.duration_s,
        sample_rate=model.sample_rate,
        dtype=str(params.dtype if model.traces is None else model.traces.dtype),
        n_channels_dat=params.n_channels_dat,
        n_channels=model.n_channels,
        n_shanks=len(np.unique(model.channel_shanks)),
        n_spikes=model.n_spikes,
        n_clusters=len(cluster_ids),
        n_templates=model.n_templates,
        n_samples_template=model.n_samples_template,
        has_templates=model.has_templates,
        sparse_templates=model.templates is not None and model.templates.is_sparse,
        n_pcs=0 if features is None else features.n_pcs,
        complete_features=features is not None and features.complete,
        has_template_features=model.template_features is not None,
        has_similarity=model.similar_templates is not None,
        has_amplitudes=model.amplitudes is not None,
        has_positions=model.spikes.has_positions,
        template_shift=_shift(model),
        n_stored_waveforms=0 if subset is None else len(subset.spike_ids),
        groups=dict(sorted(names.items())),
        labels=tuple(sorted(model.metadata.fields)),
        spike_attributes=tuple(model.spike_attributes),
        events=events,
        checks=model.checks,
    )


def _shift(model: TemplateModel) -> int | None:
    """Measured on flat files only: each of the many short reads would unpack a second of a compressed one."""
    if any(path.suffix == ".cbin" for path in model.params.dat_paths):
        return None
    return template_shift(model)
