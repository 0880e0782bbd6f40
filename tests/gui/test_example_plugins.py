"""The example plugins of the folder `plugins`, found and attached by the program, each by what it does in a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binned_statistic

from phy_medicine.app.plugin_finder import PluginWish
from phy_medicine.app.plugins import PluginBook

FOLDER = Path(__file__).resolve().parents[2] / "plugins"


@pytest.fixture
def attach(window, settle):
    """Switches a plugin of the folder on while the window is open."""
    book = PluginBook(window.session, PluginWish(folders=(FOLDER,)))
    book.open_window(window)

    def switch_on(key: str) -> PluginBook:
        book.enable(key)
        settle()
        assert next(r for r in book.records if r.key == key).state == "attached"
        return book

    return switch_on


def test_the_view_of_depths_shows_the_median_depth_of_each_cluster(window, attach, settle):
    attach("depth_tracks.DepthTracks")
    session = window.session
    ids = session.cluster_ids[:2]
    session.select(ids)
    window.commands.run_line(":add_view DepthTrack")
    settle()
    settle()
    view = next(p.view for p in window.panels if p.kind == "DepthTrackView")
    for cluster_id, track in zip(ids, view.block, strict=True):
        spikes, span = session.data.spikes(cluster_id), (0, session.data.duration_s)
        times, depths = session.model.spike_times[spikes], session.depths.raw[spikes]
        assert np.allclose(track, binned_statistic(times, depths, "median", 60, span)[0], equal_nan=True)
    assert view.scene.message == "" and view.complaint == "" and view.status.startswith("silent in ")
    view.change(n_bins=10)
    settle()
    assert len(view.block[0]) == 10


def test_the_view_of_depths_is_twenty_lines_and_imports_from_one_module():
    source = (FOLDER / "depth_tracks.py").read_text("utf-8")
    body = source.partition("class DepthTrackView")[2].partition("class DepthTracks(")[0].splitlines()
    assert len([line for line in body if line.strip() and not line.strip().startswith('"""')]) <= 20
    assert {line.split()[1] for line in source.splitlines() if line.startswith("from phy_medicine")} == {
        "phy_medicine.plugin"
    }


def test_the_next_cluster_at_the_same_depth_is_selected(window, attach, press, settle):
    attach("same_depth.SameDepth")
    session = window.session
    depth = {c: session.clusters.value(c, "depth") for c in session.cluster_ids}
    rows = session.cluster_table.visible_ids()
    here = next(c for c in rows if sum(abs(depth[c] - depth[o]) <= 50 for o in rows) >= 3)
    session.select([here])
    settle()
    after = rows[rows.index(here) + 1 :] + rows[: rows.index(here)]
    press("Ctrl+Shift+Down")
    assert session.selection.cluster_ids == (next(c for c in after if abs(depth[c] - depth[here]) <= 50),)
    assert "No other cluster is within 0 µm" in window.commands.run_line(":nd 0")


def test_a_mixture_parts_two_cells_that_were_merged(window, attach, settle):
    attach("mixture_split.MixtureSplit")
    session = window.session
    largest = sorted(session.cluster_ids, key=lambda c: -len(session.data.spikes(c)))[:3]
    depth = {c: session.clusters.value(c, "depth") for c in largest}
    first, second = sorted(largest, key=depth.get)[:2]  # two cells, 40 µm from each other
    cells = np.full(session.model.n_spikes, -1)
    cells[session.data.spikes(first)], cells[session.data.spikes(second)] = 0, 1
    session.select([first, second])
    window.commands.run("merge")
    settle()
    assert window.commands.run_line(":gm") == ""
    settle()
    parts = [cells[session.data.spikes(c)] for c in session.selection.cluster_ids]
    assert sorted(round(part.mean()) for part in parts) == [0, 1]
    assert all(max(np.mean(part == 0), np.mean(part == 1)) > 0.95 for part in parts)
    window.commands.run_line(":gm 50")
    settle()
    assert window.splitting.take_problem() == "A mixture has 2 to 20 parts, not 50."


def test_coincident_spikes_are_found_in_a_process_of_its_own_and_shown_in_the_table(window, attach, settle, qtbot):
    attach("coincident_spikes.CoincidentSpikes")
    session = window.session
    assert window.commands.run_line(":start_job coincidence window_ms=0.5 distance_um=40") == ""
    job = session.jobs.jobs[-1]
    assert session.jobs.wait(job, 120) and job.state == "done", job.error
    times, depths, labels = session.model.spike_times, session.depths.raw, session.spike_clusters()
    measured = np.flatnonzero(session.depths.measured)
    found = np.zeros(len(times), dtype=bool)
    for spike in measured:  # brute force
        near = measured[np.abs(times[measured] - times[spike]) <= 0.0005]
        other = (np.abs(depths[near] - depths[spike]) <= 40) & (labels[near] != labels[spike])
        found[spike] = other.any()
    assert found.any() and not found.all()
    for cluster_id in session.cluster_ids:
        spikes = np.intersect1d(session.data.spikes(cluster_id), measured)
        qtbot.waitUntil(lambda c=cluster_id: session.clusters.value(c, "coincident") is not None, timeout=20_000)
        assert session.clusters.value(cluster_id, "coincident") == pytest.approx(100 * found[spikes].mean())


@pytest.mark.parametrize(
    "key", ["depth_tracks.DepthTracks", "same_depth.SameDepth", "mixture_split.MixtureSplit",
            "coincident_spikes.CoincidentSpikes"],
)  # fmt: skip
def test_nothing_is_left_of_an_example_that_is_switched_off(window, attach, settle, key):
    before = set(window.commands.table.names()), window.panels.kinds, window.session.jobs.kinds()
    book = attach(key)
    after = set(window.commands.table.names()), window.panels.kinds, window.session.jobs.kinds()
    assert after != before
    book.disable(key)
    settle()
    assert (set(window.commands.table.names()), window.panels.kinds, window.session.jobs.kinds()) == before


def test_the_documentation_shows_the_view_as_it_is():
    page = (FOLDER.parent / "docs" / "plugins.md").read_text("utf-8")
    assert f"```python\n{(FOLDER / 'depth_tracks.py').read_text('utf-8')}```" in page
