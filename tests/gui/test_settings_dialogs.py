"""The settings dialog of every kind of view: all settings with units and limits, live, and it fits."""

from __future__ import annotations

import pytest

from phy_medicine.base.params import Param, params_of
from phy_medicine.gui.panels import KINDS
from phy_medicine.gui.param_editor import range_words
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.settings_dialog import SettingsDialog

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def dialog_of(window, settle):
    def open_it(kind: str):
        panel = window.panels.nth_or_new(kind, 0)
        panel.show_settings()
        return panel, window.findChildren(SettingsDialog)[-1]

    return open_it


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_setting_has_an_editor_and_the_dialog_fits_a_small_screen(window, dialog_of, kind):
    panel, dialog = dialog_of(kind)
    params = params_of(panel.view.settings)
    assert set(dialog.editors) == {p.name for p in params}
    assert dialog.width() <= 1200
    assert dialog.height() <= 760
    words = {label.text() for label in dialog.findChildren(QtWidgets.QLabel)}
    words |= {box.text() for box in dialog.findChildren(QtWidgets.QCheckBox)}
    for param in params:
        assert (param.help or param.name) in words
        if range_words(param):
            assert range_words(param) in words
        if param.unit and param.type in (int, float):
            assert dialog.editors[param.name].suffix() == f" {param.unit}"
    dialog.close()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_change_is_live_and_the_defaults_come_back(window, dialog_of, kind):
    panel, dialog = dialog_of(kind)
    changed = []
    for param in params_of(panel.view.settings):
        editor = dialog.editors[param.name]
        if isinstance(editor, QtWidgets.QCheckBox):
            editor.setChecked(not param.default)
            changed.append(param)
        elif isinstance(editor, QtWidgets.QAbstractSpinBox):
            editor.stepUp()
            if editor.value() == param.default:
                editor.stepDown()
            changed.append(param)
    assert any(getattr(panel.view.settings, p.name) != p.default for p in changed)
    buttons = dialog.findChild(QtWidgets.QDialogButtonBox)
    buttons.button(QtWidgets.QDialogButtonBox.RestoreDefaults).click()
    for param in changed:
        assert getattr(panel.view.settings, param.name) == pytest.approx(param.default), param.name
    dialog.close()


@pytest.mark.parametrize(
    ("param", "words"),
    [
        (Param("a", float, 1.0, "ms", minimum=0.1, maximum=500), "0.1 to 500 ms"),
        (Param("a", int, 1, minimum=1), "from 1"),
        (Param("a", int, 1, minimum=1, maximum=1_000_000), "1 to 1,000,000"),
        (Param("a", int, 1, maximum=9), "up to 9"),
        (Param("a", bool, True), ""),
        (Param("a", str, "x"), ""),
    ],
)
def test_limits_are_said_in_words(param, words):
    assert range_words(param) == words
