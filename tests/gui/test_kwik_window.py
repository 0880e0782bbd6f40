"""The window on a Kwik file: the same keys, the same views, and a sentence where a Kwik file has nothing to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from phy_medicine.io.export.kwik import export_kwik
from phy_medicine.io.kwik_model import KwikModel
from phy_medicine.io.template_model import TemplateModel
from phy_medicine.session.session import Session
from tests.io import kwik_miniatures as mini
from tests.io.kwik_miniatures import Form


@pytest.fixture
def session(simulated_dataset: Path, tmp_path: Path):
    """Takes the place of the session on a template dataset: the fixtures `window` and `press` use this one."""
    export_kwik(TemplateModel.open(simulated_dataset), tmp_path / "kwik" / "rec.kwik")
    session = Session.open(tmp_path / "kwik" / "rec.kwik")
    yield session
    session.close()


def test_real_keys_curate_a_kwik_file(window, press, session, tmp_path):
    press("Space", "Space", "G", "Alt+G", "Space", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+S")
    assert len(session.history.items) == 2
    assert window.status.message.text().startswith("Saved ")
    model = KwikModel.open(tmp_path / "kwik" / "rec.kwik")
    assert model.spike_clusters.tolist() == session.spike_clusters().tolist()
    assert "good" in model.metadata.fields["group"].values()


def test_every_view_shows_something_of_a_kwik_file(window, press):
    press("Space", "Space")
    for panel in window.panels:
        assert panel.view.scene.message == "", panel.kind


def test_views_say_what_a_bare_kwik_file_lacks(open_window, qtbot, tmp_path):
    (tmp_path / "bare").mkdir()
    session = Session.open(mini.write(tmp_path / "bare", Form(kwx="", traces="")))
    window = open_window(session)
    session.select([3, 5])
    qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
    said = {type(p.view).__name__: p.view.scene.message for p in window.panels}
    assert said["FeatureView"] == "No features: rec.kwx not found, or without this channel group."
    assert said["WaveformView"] == "No raw data: rec.raw.kwd, the raw data of recording 0, was not found."
    window.scripted = True
    window.close()
    session.close()
