"""Positions of spikes for a session, as a network would give them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from phy_medicine.session.session import Session

METHOD = "sln_cnn"


def positions(session: Session) -> dict[str, np.ndarray]:
    """Return columns of a run: each spike is around the channel of its template."""
    model, rng = session.model, np.random.default_rng(0)
    channels = model.template_peak_channels[model.spike_templates].astype(np.int32)
    at = model.channel_positions[channels]
    n = len(at)
    xy = at + rng.normal(0, 5, at.shape)
    columns = {"x_um": xy[:, 0], "depth_um": xy[:, 1], "z_um": rng.uniform(5, 60, n), "alpha": rng.uniform(1e3, 2e4, n)}
    return {**{name: values.astype(np.float32) for name, values in columns.items()}, "peak_channels": channels}


def localize(session: Session) -> None:
    """Use positions, in a store that holds nothing else: a session that is read-only has none."""
    arrays = positions(session)
    run = SimpleNamespace(id="a", kind="localization", name="a", params={}, facts={"method": METHOD})
    session.store = SimpleNamespace(runs=lambda kind: (run,), read=lambda run_id: arrays)
    session.localization.use("a")
