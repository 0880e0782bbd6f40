"""What tests of the session share."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.corrupted import Corrupted, corrupted
from phy_medicine.io.simulate import SimulationSettings
from phy_medicine.io.traces import Traces
from phy_medicine.session.trace_source import TraceSource


@pytest.fixture(scope="session")
def source_of() -> Callable[..., TraceSource]:
    """Makes a source of traces out of an array, (n_samples, n_channels)."""

    def make(raw: Any, rate: float) -> TraceSource:
        traces = Traces([raw], np.arange(raw.shape[1]), rate)
        model = SimpleNamespace(traces=traces, n_channels=raw.shape[1], sample_rate=rate, traces_missing="")
        return TraceSource(model)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="module")
def corrupted_dataset(tmp_path_factory: pytest.TempPathFactory) -> Corrupted:
    """A dataset with mistakes that are known; look, but change nothing."""
    settings = SimulationSettings(channels=24, units=12, duration_s=240, oversplit=0, overmerge=0, raw=False, seed=5)
    return corrupted(tmp_path_factory.mktemp("corrupted") / "dataset", settings)
