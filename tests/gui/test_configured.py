"""Configured values in the window, and what was changed there by hand: what a person did last counts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.app.build import open_session
from phy_medicine.app.config import read_configuration
from phy_medicine.base.paths import user_dir
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.shortcuts import name_of
from phy_medicine.gui.state import WindowState
from phy_medicine.gui.table_panels import CLUSTERS

Opened = Callable[..., MainWindow]


def configure(text: str, folder: Path | None = None) -> None:
    """Write the user's file, or that of a dataset."""
    path = user_dir() / "config.py" if folder is None else folder / "phy_medicine.toml"
    path.write_text(text if folder is not None else f"c = get_config()\n{text}\n", "utf-8")


@pytest.fixture
def opened(qapp, dataset: Path) -> Opened:
    """Opens windows one after another, each with what is configured then; all are closed at the end."""
    windows: list[MainWindow] = []

    def open_it(path: Path = dataset, *given: str, size: tuple[int, int] | None = (1280, 800)) -> MainWindow:
        configuration = read_configuration(path.parent, given)
        session = open_session(path, configuration=configuration, use_runs=False)
        state = WindowState.of_dataset(path.parent, writable=True, configuration=configuration)
        window = MainWindow(session, state, scripted=True)
        windows.append(window)
        window.open(size)
        return window

    yield open_it
    for window in windows:
        close(window, remember=False)


def close(window: MainWindow, *, remember: bool = True) -> None:
    """Close a window as a person does, or as a script."""
    if window.is_closed:
        return
    window.scripted = not remember
    window.close()
    window.session.close()


def first_waveforms(window: MainWindow):
    return next(p for p in window.panels if p.kind == "WaveformView")


def n_waveforms(window: MainWindow) -> int:
    return first_waveforms(window).view.settings.n_waveforms


def test_a_view_begins_as_configured(opened: Opened):
    configure("c.PhyMed.WaveformView.n_waveforms = 30")
    assert n_waveforms(opened()) == 30


def test_what_was_changed_by_hand_counts_until_the_line_is_changed(opened: Opened):
    configure("c.PhyMed.WaveformView.n_waveforms = 30")
    window = opened()
    first_waveforms(window).view.change(n_waveforms=40)
    close(window)
    window = opened()
    assert n_waveforms(window) == 40
    close(window)
    configure("c.PhyMed.WaveformView.n_waveforms = 50")
    window = opened()
    assert n_waveforms(window) == 50
    close(window)
    configure("")
    assert n_waveforms(opened()) == 100


def test_a_new_line_counts_more_than_what_was_changed_before(opened: Opened):
    window = opened()
    first_waveforms(window).view.change(n_waveforms=40)
    close(window)
    configure("c.PhyMed.WaveformView.n_waveforms = 30")
    window = opened()
    assert n_waveforms(window) == 30
    close(window)
    assert n_waveforms(opened()) == 30


def test_what_a_dataset_says_holds_for_no_other(opened: Opened, dataset: Path, tmp_path: Path):
    other = Path(shutil.copytree(dataset.parent, tmp_path / "other")) / dataset.name
    configure("[WaveformView]\nn_waveforms = 30", dataset.parent)
    window = opened(other)
    first_waveforms(window).view.change(n_waveforms=20)
    close(window)
    window = opened()
    assert n_waveforms(window) == 30
    first_waveforms(window).view.change(n_waveforms=35)
    close(window)
    window = opened(other)
    assert n_waveforms(window) == 20
    close(window)
    assert n_waveforms(opened()) == 35


def test_the_command_line_counts_once(opened: Opened, dataset: Path):
    configure("c.PhyMed.WaveformView.n_waveforms = 30\nc.PhyMed.palette = 'okabe-ito'")
    window = opened(dataset, "WaveformView.n_waveforms=5", "palette=phy")
    assert (n_waveforms(window), window.session.colors.palette) == (5, "phy")
    close(window)
    window = opened()
    assert (n_waveforms(window), window.session.colors.palette) == (30, "okabe-ito")


def test_a_bad_value_of_a_view_is_left_out_and_told_of(opened: Opened, caplog):
    configure("c.PhyMed.WaveformView.n_waveforms = -1\nc.PhyMed.WaveformView.n_wavforms = 3")
    assert n_waveforms(opened()) == 100
    assert "WaveformView.n_waveforms must lie between 1 and 5000, not -1." in caplog.text
    assert "WaveformView has no setting n_wavforms. Did you mean n_waveforms?" in caplog.text


def test_palette_and_colours_change_by_hand(opened: Opened):
    configure("c.PhyMed.palette = 'okabe-ito'\nc.PhyMed.keep_colors = True")
    window = opened()
    assert (window.session.colors.palette, window.session.colors.keep) == ("okabe-ito", True)
    window.commands.run_line("palette phy")
    close(window)
    window = opened()
    assert (window.session.colors.palette, window.session.colors.keep) == ("phy", True)


def test_a_configured_key_works_and_the_old_one_does_not(opened: Opened, press_keys_in, qtbot):
    configure("c.PhyMed.shortcuts = {'next': 'F6', 'TraceView.widen': 'F7'}")
    window = opened()
    qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    first = window.session.cluster_table.visible_ids()[0]
    press_keys_in(window, "F6")
    assert window.session.selection.best_ids == (first,)
    assert next(a for a in window.commands.table if name_of(a) == "TraceView.widen").shortcuts == ("F7",)


def test_a_key_is_taken_from_the_action_that_had_it(opened: Opened):
    configure("c.PhyMed.shortcuts = {'merge': 'Ctrl+S'}")
    table = opened().commands.table
    assert (table["merge"].shortcuts, table["save"].shortcuts) == (("Ctrl+S",), ())


def test_reset_goes_back_to_the_configured_key(opened: Opened):
    configure("c.PhyMed.shortcuts = {'merge': 'F6'}")
    window = opened()
    window.commands.run_line("set_shortcut merge F8")
    assert window.commands.table["merge"].shortcuts == ("F8",)
    window.commands.run_line("set_shortcut merge")
    assert window.commands.table["merge"].shortcuts == ("F6",)


def test_groups_are_there_with_their_keys_and_not_remembered(opened: Opened):
    configure("c.PhyMed.groups = {'artifact': {'key': 'x', 'color': '#cc4455', 'masked': True}}")
    window = opened()
    group = window.session.manager.groups.get("artifact")
    assert (group.key, group.color, group.masked) == ("x", "#cc4455", True)
    close(window)
    configure("")
    assert "artifact" not in [group.name for group in opened().groups]


def test_columns_order_and_filter_of_the_table(opened: Opened):
    configure("c.PhyMed.columns = ['fr', 'depth']\nc.PhyMed.sort = '-n_spikes'\nc.PhyMed.filter = 'n_spikes > 0'")
    window = opened()
    table, header = window.tables.clusters, window.tables.clusters.header
    shown = [header.logicalIndex(v) for v in range(header.count())]
    names = [table.model.columns[i].name for i in shown if not header.isSectionHidden(i)]
    assert names == ["id", "fr", "depth"]
    assert [(k.column, k.ascending) for k in table.source.sort_keys] == [("n_spikes", False)]
    assert window.session.cluster_table.filter_text == "n_spikes > 0"
    assert "columns" not in window.tables.to_state()[CLUSTERS]


def test_names_that_mean_nothing_are_told_with_the_nearest(opened: Opened, qtbot, caplog):
    configure(
        "c.PhyMed.WavformView.n_waveforms = 3\nc.PhyMed.columns = ['dept']\nc.PhyMed.shortcuts = {'merg': 'F6'}\n"
        "c.PhyMed.layout = 'curaton'"
    )
    window = opened()
    qtbot.waitUntil(lambda: "Did you mean curation?" in caplog.text, timeout=20_000)
    for noun in ("view WavformView", "column dept", "action merg", "layout curaton"):
        assert f"There is no {noun}." in caplog.text
    assert len(window.panels.names()) > 5  # the window is as usual


def test_a_configured_layout(opened: Opened):
    configure("c.PhyMed.layout = 'minimal'")
    window = opened()
    n_panels = len(window.panels.names())
    window.commands.run_line("layout curation")
    assert n_panels < len(window.panels.names())
    close(window)
    assert len(opened(size=None).panels.names()) > n_panels


def test_a_job_begins_with_configured_values(opened: Opened):
    configure("c.PhyMed.motion.motion_bound = 300\nc.PhyMed.device = 'cpu'\nc.PhyMed.jobs.n_cpu = 3")
    window = opened()
    dialog = window.jobs.ask("motion")
    assert (dialog.values["motion_bound"], dialog.values["device"]) == (300.0, "cpu")
    assert dialog.form.changed_values() == {}
    dialog.close()
    assert window.session.jobs.configured("motion") == {"device": "cpu", "motion_bound": 300.0}
    assert window.session.jobs.settings.n_cpu == 3
    request = window.session.jobs._request("motion", Path("x"), {"motion_bound": 200.0}, False)
    assert (request.settings.motion_bound, request.device) == (200.0, "cpu")


def test_closing_without_a_question(opened: Opened):
    configure("c.PhyMed.ask_before_closing = False")
    window = opened()
    window.session.merge(window.session.cluster_ids[:2])
    close(window)
    assert window.is_closed


def test_the_window_says_what_was_left_out(opened: Opened, qtbot):
    configure("c.PhyMed.them = 'light'\nc.PhyMed.font_size = 99")
    window = opened()
    words = "config.py: There is no setting them. Did you mean theme? And 1 more: `phy-med doctor` shows all."
    said: list[str] = []
    window.say = lambda text, level=0: said.append(text)
    qtbot.waitUntil(lambda: words in said, timeout=20_000)


def test_a_similarity_by_position_is_chosen_once_the_positions_are_read(opened: Opened, dataset: Path):
    session = open_session(dataset)
    spikes = {name: np.ones(session.model.n_spikes, np.float32) for name in ("x_um", "depth_um")}
    session.store.add("localization", spikes)
    session.close()
    configure("c.PhyMed.similarity = 'template_position'")
    session = opened().session
    session.localization.restore()
    assert session.similar.metric == "template_position"
