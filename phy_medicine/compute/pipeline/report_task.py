"""The report as a piece of work: what is in the folder of a run, put together in a worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from phy_medicine.compute.pipeline.recordings import Opened, opened
from phy_medicine.compute.pipeline.sort_task import DATASET
from phy_medicine.compute.pipeline.stages import STAGES, facts_of, timings
from phy_medicine.compute.pipeline.task import Task


def write_report_of(task: Task) -> str:
    """Write the report of a run into its output folder, and return its path."""
    from phy_medicine.compute.pipeline.report import REPORT, ReportFacts, write_report

    recording, folder = opened(task.recording), Path(task.folder)
    path, dataset = Path(task.recording.path), folder.parent / DATASET / "params.py"
    stages = facts_of(folder, STAGES)
    facts = ReportFacts(
        path.name, _recording(recording, path), recording.n_samples / recording.sample_rate, recording.sample_rate,
        stages, timings(folder), task.settings, recording.source.notes, dataset if "sort" in stages else None,
    )  # fmt: skip
    return str(write_report(folder.parent / REPORT, facts, folder))


def _recording(recording: Opened, path: Path) -> dict[str, str]:
    """Facts for people."""
    source = recording.source
    n_columns, n_channels = source.recorded.n_channels, len(source.channels.map)
    n_shanks = len(set(source.channels.shanks.tolist()))
    found = {
        "file": str(path),
        "channels": f"{n_channels} of {n_columns}" if n_channels < n_columns else f"{n_channels}",
        "shanks": str(n_shanks),
        "sample rate": f"{recording.sample_rate:,.0f} Hz",
        "samples": f"{recording.n_samples:,} of {np.dtype(source.raw.dtype).name}",
        "gain": f"{source.gain_uv:g} µV",
    }
    try:
        n_bytes = sum(file.stat().st_size for file in source.raw.paths)
    except OSError:
        n_bytes = 0
    return found | ({"size": f"{n_bytes / 1e9:,.2f} GB"} if n_bytes else {})
