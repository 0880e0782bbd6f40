"""The probe view and the switch that takes the motion of the probe out of all depths."""

from __future__ import annotations

import pytest

from .test_motion import session, with_motion

__all__ = ["session", "with_motion"]


def test_clusters_move_to_the_depth_that_the_table_shows(with_motion, session, press, qtbot):
    panel = next(p for p in with_motion.panels if p.kind == "ProbeView")
    panel.dock.give_focus()
    view = panel.view
    qtbot.waitUntil(lambda: view.block is not None and len(view.block.units.cluster_ids) > 0, timeout=20_000)
    ids = view.block.units.cluster_ids.tolist()
    assert view.block.units.y.tolist() == [session.clusters.value(c, "depth") for c in ids]
    press("D")
    qtbot.waitUntil(lambda: view.block.units.corrected, timeout=20_000)
    by_id = dict(zip(view.block.units.cluster_ids.tolist(), view.block.units.y.tolist(), strict=True))
    assert by_id == pytest.approx({c: session.clusters.value(c, "depth_corrected") for c in ids})
    y0, y1 = view.panels.ranges()[0, 2:]
    row = next(i for i, y in enumerate(view.block.units.y.tolist()) if y0 < y < y1)
    x, y = view.panels.to_pixels(0, view.block.units.x[row], view.block.units.y[row])
    assert "corrected depth" in view.describe(float(x), float(y))[0]
    press("D")
    qtbot.waitUntil(lambda: not view.block.units.corrected, timeout=20_000)
