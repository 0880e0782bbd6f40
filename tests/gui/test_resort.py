"""Sorting again in the window: begun with what is selected, compared in a table, taken over, undone."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.session import resort

pytestmark = pytest.mark.usefixtures("few_views")


def put_run(session, *, ranged=False):
    """A new sorting in which the largest cluster is two units, and the second one is one."""
    labels, model = session.spike_clusters(), session.model
    first, second = (int(c) for c in np.argsort(-np.bincount(labels))[:2])
    chosen = np.flatnonzero((labels == first) | (labels == second))
    units = np.full(len(chosen), 2)
    units[labels[chosen] == first] = np.arange(np.sum(labels == first)) % 2
    arrays = {
        "spike_ids": chosen, "samples": model.spike_samples[chosen] + 2, "units": units,
        "unit_depths_um": np.array([20.0, 20.0, 60.0], np.float32), "unit_channels": np.zeros(3, np.int64),
    }  # fmt: skip
    facts = {"start": 0, "stop": model.traces.n_samples, "ranged": ranged}
    return session.store.add(resort.KIND, arrays, facts=facts), first, second


@pytest.fixture
def shown(window, qtbot):
    """Opens the dialog of a new sorting as the menu does."""

    def show(**options):
        run, first, second = put_run(window.session, **options)
        assert window.commands.run_line("compare_resort") == ""
        qtbot.waitUntil(lambda: window.resort.dialog is not None, timeout=20_000)
        qtbot.waitExposed(window.resort.dialog)
        return window.resort.dialog, run, first, second

    return show


def texts(dialog):
    model = dialog.model
    return [
        [model.data(model.index(row, column)) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_the_table_counts_spikes_of_clusters_in_units(shown, window):
    dialog, _run, first, second = shown()
    counts = np.bincount(window.session.spike_clusters())
    halves = {f"{(counts[first] + 1) // 2:,}", f"{counts[first] // 2:,}"}
    rows = dict(zip(sorted((first, second)), texts(dialog), strict=True))
    assert set(rows[first][:3]) == halves | {""}
    assert rows[second][-4:] == ["0", f"{counts[second]:,}", "unit 2", "100 %"]
    assert f"{counts[first] + counts[second]:,} spikes of clusters" in dialog.summary.text()
    assert "2 clusters would become 3, of" in dialog.outcome.text()


def test_taking_over_is_one_action_and_undo_brings_everything_back(shown, window, qtbot, press):
    session = window.session
    before = session.spike_clusters()
    dialog, _run, first, second = shown()
    qtbot.keyClick(dialog, Qt.Key_Return)
    qtbot.waitUntil(lambda: session.dirty)
    now = session.spike_clusters()
    assert len(set(now[before == first])) == 2 and len(set(now[before == second])) == 1
    assert set(now[(before != first) & (before != second)]) == set(before[(before != first) & (before != second)])
    press("Ctrl+Z")
    assert session.spike_clusters().tolist() == before.tolist() and not session.can_undo


def test_what_is_no_change_can_not_be_taken_over(shown, window):
    dialog, *_ = shown(ranged=True)
    assert dialog.keep.isChecked() and dialog.take_over.isEnabled()
    window.commands.run_line("apply_resort")
    dialog.keep.setChecked(False)
    dialog.buttons.accepted.emit()
    assert "became others since they were compared" in dialog.problem.text() and dialog.isVisible()


def test_escape_leaves_everything_as_it_was(shown, window, qtbot):
    dialog, *_ = shown()
    before = window.session.spike_clusters()
    qtbot.keyClick(dialog, Qt.Key_Escape)
    qtbot.waitUntil(lambda: not window.findChildren(QtWidgets.QDialog) or not dialog.isVisible())
    assert window.session.spike_clusters().tolist() == before.tolist() and not window.session.dirty


def test_a_result_is_compared_from_the_list_of_results(window, press, qtbot):
    run, *_ = put_run(window.session)
    press("Ctrl+J")
    panel = window.jobs.panel
    panel.read_runs()
    qtbot.waitUntil(lambda: [r.id for r in panel.runs._runs] == [run.id], timeout=20_000)
    panel.runs.select(run.id)
    qtbot.mouseClick(panel.runs.buttons["Use"], Qt.LeftButton)
    qtbot.waitUntil(lambda: window.resort.dialog is not None, timeout=20_000)
    assert window.resort.dialog.windowTitle() == f"Present clusters and {run.name}"


def test_the_job_dialog_begins_with_the_selected_clusters(window):
    ids = window.session.cluster_ids[:2]
    window.session.select(ids)
    dialog = window.jobs.ask("resort")
    assert dialog.values["clusters"] == f"{ids[0]}, {ids[1]}" and dialog.values["stop_s"] == 0.0
    dialog.close()


def test_without_a_new_sorting_there_is_nothing_to_compare(window):
    sentence = "There is no new sorting yet; start one with Jobs > Sort again."
    assert window.commands.run_line("compare_resort") == sentence
    assert window.commands.run_line("apply_resort") == sentence
    put_run(window.session)
    assert window.commands.run_line("compare_resort nose").startswith("There is no new sorting 'nose'; there are:")
