"""Views as widgets of a notebook: traits, events, pictures; and a notebook that is run from end to end."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import traitlets

pytest.importorskip("jupyter_rfb")

import phy_medicine as pm
from phy_medicine.app.notebook import NotebookView, kinds_of
from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.session.session import Session
from phy_medicine.views.theme import LIGHT, hex_rgba

ROOT = Path(__file__).parents[2]


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = pm.open(dataset)
    yield session
    session.close()


def press(view: NotebookView, x: float, y: float, *, button: int = 1, held: tuple[str, ...] = ()) -> None:
    """Click a pixel of the page, as a browser tells of it."""
    for kind in ("pointer_down", "pointer_up"):
        view.handle_event({"type": kind, "x": x, "y": y, "button": button, "buttons": (), "modifiers": held})


def lasso_around(view: NotebookView, panel: int = 0) -> None:
    """Draw a lasso around the left half of a panel."""
    left, top, right, bottom = view.view.panels.rects[panel]
    middle = (left + right) / 2
    for x, y in ((left + 1, top + 1), (middle, top + 1), (middle, bottom - 1), (left + 1, bottom - 1)):
        press(view, float(x), float(y), held=("Control",))


def share_of_blue(image: np.ndarray) -> float:
    """Return which part of a picture has the hue of the first cluster."""
    red, green, blue = image.astype(int).transpose(2, 0, 1)
    return float(((blue > green + 20) & (green > red + 20)).mean())


def test_a_view_shows_its_clusters_in_their_colours(session):
    view = session.view("amplitude", clusters=[2], size=(300, 200))
    image = view.snapshot().data
    assert image.shape == (200, 300, 3) and image.dtype == np.uint8
    assert image[2, 2].tolist() == [round(255 * c) for c in hex_rgba(LIGHT.view)[:3]]
    assert share_of_blue(image) > 0.005
    view.clusters = []
    assert share_of_blue(view.snapshot().data) == 0
    assert "No clusters" in view.view.scene.message
    assert view.snapshot(2).data.shape == (400, 600, 3)
    view.close()


def test_every_kind_of_view_has_a_short_name_and_a_picture(session):
    kinds = kinds_of(session)
    assert {"waveform", "feature", "trace_image", "isi", "similarity_matrix", "raster", "event"} <= set(kinds)
    for name in kinds:
        view = session.view(name, clusters=[1, 2], size=(240, 160))
        assert view.kind == name
        assert np.ptp(view.snapshot().data) > 100
        view.close()
    assert session.view("WaveformView").view.name == "WaveformView"
    with pytest.raises(PhyMedError, match="There is no view 'nosuch'; there are waveform"):
        session.view("nosuch")


def test_views_are_linked_by_their_clusters(session):
    a, b = session.view("waveform", clusters=[1, 2]), session.view("feature", clusters=[3])
    link = traitlets.link((a, "clusters"), (b, "clusters"))
    assert b.clusters == [1, 2]
    b.clusters = [4, 2]
    assert a.clusters == [4, 2]
    a.snapshot()
    assert a.view.cluster_ids == (4, 2)
    link.unlink()
    assert session.selection.cluster_ids == ()


def test_a_view_without_clusters_follows_the_selection_and_leads_it(session):
    session.select([3])
    view = session.view("waveform")
    assert view.clusters == [3]
    session.select([1, 2])
    assert view.clusters == [1, 2]
    view.clusters = [4]
    assert session.selection.cluster_ids == (4,)
    alone = session.view("waveform", clusters=[1])
    session.select([2])
    assert alone.clusters == [1]
    session.view("waveform", clusters=[3, 4], link_session=True)
    assert view.clusters == [3, 4] and session.selection.cluster_ids == (3, 4)


def test_clusters_that_do_not_exist_are_refused(session):
    view = session.view("waveform", clusters=[1])
    with pytest.raises(traitlets.TraitError, match=r"There is no cluster 9999\."):
        view.clusters = [9999]
    assert view.clusters == [1]


def test_a_view_shows_what_came_of_its_clusters(session):
    view = session.view("correlogram", clusters=[1, 2, 3])
    (new,) = session.merge([1, 3]).added
    assert view.clusters == [new, 2]
    session.undo()
    assert set(view.clusters) == {1, 2, 3}
    view.close()
    session.merge([1, 3])
    assert set(view.clusters) == {1, 2, 3}


def test_a_lasso_gives_spikes_that_a_linked_view_shows_alone(session):
    feature = session.view("feature", clusters=[2], size=(500, 500))
    amplitude = session.view("amplitude", clusters=[2], size=(300, 200))
    traitlets.link((feature, "spikes"), (amplitude, "spikes"))
    everything = session.data.spikes(2)
    feature.get_frame(), amplitude.get_frame()
    assert len(feature.spikes) == 0
    assert feature.spike_ids.tolist() == everything.tolist()
    lasso_around(feature)
    inside = feature.view.lasso_spike_ids()
    assert 0 < len(inside) < len(everything)
    assert feature.spikes == amplitude.spikes == tuple(inside.tolist())
    amplitude.get_frame(), feature.get_frame()
    assert amplitude.view.shown_request.spike_ids[0].tolist() == inside.tolist()
    assert f"{len(inside):,} spikes" in amplitude.status
    assert len(feature.view.shown_request.spike_ids[0]) == len(everything)
    feature.clear_lasso()
    amplitude.get_frame()
    assert len(amplitude.view.shown_request.spike_ids[0]) == len(everything)


def test_chosen_spikes_are_split_off(session):
    view = session.view("feature", clusters=[2])
    with pytest.raises(ActionError, match="No spikes are chosen"):
        view.split()
    view.spikes = session.data.spikes(2)[:10]
    delta = view.split()
    assert view.clusters == list(delta.added)
    assert sorted(len(session.data.spikes(c)) for c in delta.added)[0] == 10
    with pytest.raises(traitlets.TraitError):
        view.spikes = [0.5]


def test_the_mouse_pans_zooms_and_resets(session):
    view = session.view("amplitude", clusters=[2], size=(400, 300))
    view.get_frame()
    panels, home = view.view.panels, view.view.panels.ranges()[0].copy()
    x, y = (float(v) for v in panels.rects[0].reshape(2, 2).mean(axis=0))
    view.handle_event({"type": "wheel", "x": x, "y": y, "dx": 0, "dy": -100, "modifiers": ()})
    assert np.ptp(panels.ranges()[0][:2]) == pytest.approx(np.ptp(home[:2]) / 1.2)
    before = panels.ranges()[0].copy()
    view.handle_event({"type": "pointer_down", "x": x, "y": y, "button": 1, "modifiers": ()})
    view.handle_event({"type": "pointer_move", "x": x + 50, "y": y, "button": 1, "buttons": (1,), "modifiers": ()})
    view.handle_event({"type": "pointer_up", "x": x + 50, "y": y, "button": 1, "modifiers": ()})
    width = panels.rects[0][2] - panels.rects[0][0]
    assert panels.ranges()[0][0] == pytest.approx(before[0] - 50 / width * np.ptp(before[:2]))
    view.handle_event({"type": "double_click", "x": x, "y": y, "button": 1, "modifiers": ()})
    assert panels.ranges()[0].tolist() == home.tolist()
    view.handle_event({"type": "key_down", "key": "+", "modifiers": ()})
    assert np.ptp(panels.ranges()[0][:2]) < np.ptp(home[:2])


def test_pixels_follow_size_and_resolution_of_the_page(session):
    view = session.view("waveform", clusters=[2])
    view._rfb_handle_msg(view, {"type": "resize", "width": 320, "height": 240, "ratio": 1.5}, [])
    assert view.get_frame().shape == (360, 480, 3)
    assert view.view.ratio == 1.5


def test_a_click_in_the_scatter_selects_a_cluster(session):
    view = session.view("cluster_scatter", size=(500, 400))
    view.get_frame()
    found = ((x, y, view.view.pick(x, y)) for x in range(60, 490, 3) for y in range(20, 360, 3))
    x, y, cluster_id = next(place for place in found if place[2] is not None)
    press(view, x, y)
    assert view.clusters == [cluster_id]
    assert session.selection.cluster_ids == (cluster_id,)


def test_settings_are_given_by_name(session):
    view = session.view("correlogram", clusters=[1], bin_ms=0.5)
    assert view.view.settings.bin_ms == 0.5
    view.change(window_ms=20.0)
    view.get_frame()
    assert "20.0 ms (0.5 ms)" in view.status
    with pytest.raises(PhyMedError):
        view.change(nosuch=1)
    with pytest.raises(PhyMedError, match="There is no theme blue"):
        session.view("correlogram", theme="blue")


def test_a_time_range_and_a_new_curation_reach_the_view(session):
    view = session.view("amplitude", clusters=[2])
    session.set_time_range(0, 5)
    view.get_frame()
    assert view.view.shown_request.time_range.stop_s == 5
    view.spikes = session.data.spikes(2)
    view.get_frame()
    assert len(view.view.shown_request.spike_ids[0]) == len(session.data.within(session.time_ranges.a).spikes(2))


def test_pictures_are_saved(session, tmp_path):
    from PIL import Image

    view = session.view("waveform", clusters=[2], size=(300, 200))
    view.save(tmp_path / "a.png", scale=3)
    assert Image.open(tmp_path / "a.png").size == (900, 600)
    view.save(tmp_path / "a.svg")
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()[:200]
    with pytest.raises(PhyMedError, match=r"saved as \.png or \.svg"):
        view.save(tmp_path / "a.bmp")
    with pytest.raises(PhyMedError, match="Could not write"):
        view.save(tmp_path / "nowhere" / "a.png")


def test_no_qt_and_no_display_is_needed(dataset):
    code = f"""
import os, sys
for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
    os.environ.pop(name, None)
import phy_medicine as pm
session = pm.open({str(dataset)!r}, read_only=True)
image = session.view("trace", clusters=[1]).snapshot().data
session.close()
print(image.shape, [name for name in ("PyQt5", "glfw", "qtpy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == ["(400, 620, 3) []"]


def test_without_jupyter_rfb_the_reason_is_said(session, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupyter_rfb", None)
    monkeypatch.delitem(sys.modules, "phy_medicine.app.notebook")
    with pytest.raises(PhyMedError, match="Views in notebooks need jupyter_rfb: pip install"):
        session.view("waveform")


def test_a_session_that_was_not_opened_by_the_package_says_so(dataset):
    session = Session.open(dataset, read_only=True)
    with pytest.raises(PhyMedError, match="makes no views"):
        session.view("waveform")
    session.close()


NOTEBOOK = (
    "import traitlets, numpy as np, phy_medicine as pm\nsession = pm.open({path!r})",
    "a = session.view('waveform', clusters=[1, 2], size=(300, 200))\na",
    "b = session.view('amplitude', clusters=[3], size=(300, 200))\n"
    "link = traitlets.link((a, 'clusters'), (b, 'clusters'))\nb",
    "b.clusters = [4]\nprint(a.clusters)",
    "a.snapshot()",
    "delta = session.merge([4, 5])\nprint(a.clusters == b.clusters == list(delta.added))",
    "import sys\nprint('PyQt5' in sys.modules, np.ptp(b.snapshot().data) > 100)",
    "session.close()",
)


def test_a_notebook_runs_without_a_display(dataset, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    cells = [nbformat.v4.new_code_cell(source.format(path=str(dataset))) for source in NOTEBOOK]
    notebook = nbformat.v4.new_notebook(cells=cells)
    monkeypatch.delenv("DISPLAY", raising=False)
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()
    printed = ["".join(o["text"] for o in cell.outputs if o.output_type == "stream") for cell in notebook.cells]
    assert [printed[i].strip() for i in (3, 5, 6)] == ["[4]", "True", "False True"]
    shown = [o for o in notebook.cells[1].outputs if o.output_type == "execute_result"]
    assert "application/vnd.jupyter.widget-view+json" in shown[0].data
    assert shown[0].data["image/png"].startswith("iVBOR")
    still = next(o for o in notebook.cells[4].outputs if o.output_type == "execute_result")
    assert still.data["image/png"].startswith("iVBOR") and still.metadata["image/png"]["width"] == 300


def test_every_line_of_the_documentation_runs(dataset, monkeypatch):
    page = (ROOT / "docs" / "notebook.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    monkeypatch.chdir(dataset.parent)
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert (dataset.parent / "features.png").stat().st_size > 10_000
    assert len(blocks) == 4
    for name in re.findall(r"`(\w+)`", page.partition("## Which views")[2].partition(", one for each")[0]):
        assert name in kinds_of(names["session"])
