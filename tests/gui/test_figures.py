"""Pictures of views and of the window as PNG, SVG and PDF: by key, menu, snippet and dialog."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PyQt5")

from phy_medicine.gui.figure_path import picture_path
from phy_medicine.gui.picture_dialog import PictureDialog
from phy_medicine.gui.qt import Qt, QtGui, QtWidgets
from phy_medicine.views.raster import warm_up

SVG = "{http://www.w3.org/2000/svg}"


def pixels(image: QtGui.QImage) -> np.ndarray:
    image = image.convertToFormat(QtGui.QImage.Format_RGBA8888)
    words = image.constBits().asstring(image.sizeInBytes())
    return np.frombuffer(words, dtype=np.uint8).reshape(image.height(), image.width(), 4)[..., :3].astype(int)


def rasterised(path: Path, size: tuple[int, int]) -> np.ndarray:
    svg = pytest.importorskip("PyQt5.QtSvg")
    image = QtGui.QImage(*size, QtGui.QImage.Format_RGB32)
    painter = QtGui.QPainter(image)
    svg.QSvgRenderer(str(path)).render(painter)
    painter.end()
    return pixels(image)


def texts(path: Path) -> list[str | None]:
    return [t.text for t in ET.parse(path).getroot().iter(f"{SVG}text")]


@pytest.fixture
def panel(window, settle):
    warm_up()
    window.commands.run_line("c 0 2")
    settle()
    return window.panels.named("AmplitudeView")


def on_screen(panel) -> np.ndarray:
    return panel.view.render().astype(int)


def run(window, line: str) -> None:
    assert window.commands.run_line(line) == ""


def test_a_png_of_a_view_is_the_picture_on_the_screen(window, panel, tmp_path):
    for kind in ("amplitude", "correlogram", "waveform", "feature"):
        run(window, f"save_view {tmp_path / kind} {kind}")
        drawn = pixels(QtGui.QImage(str(tmp_path / f"{kind}.png")))
        shown = on_screen(window.panels.named(kind))
        assert drawn.shape == shown.shape
        assert np.abs(drawn - shown).max() <= 2, kind


def test_svg_looks_like_the_screen_and_has_its_labels_as_text(window, panel, tmp_path):
    target = tmp_path / "a.svg"
    run(window, f"save_view {target} amplitude")
    shown = on_screen(panel)
    drawn = rasterised(target, shown.shape[1::-1])
    blocks = [image[: len(image) // 8 * 8, : image.shape[1] // 8 * 8] for image in (drawn, shown)]
    means = [b.reshape(len(b) // 8, 8, -1, 8, 3).mean(axis=(1, 3)) for b in blocks]
    assert np.abs(means[0] - means[1]).mean() < 5
    assert np.corrcoef(means[0].ravel(), means[1].ravel())[0, 1] > 0.97
    assert "Time (s)" in texts(target)


def test_pdf_has_one_page_of_the_size_in_points_with_an_embedded_font(window, panel, tmp_path):
    target = tmp_path / "a.pdf"
    run(window, f"save_view {target} 800x400 amplitude")
    content = target.read_bytes()
    assert content.startswith(b"%PDF-1.")
    (box,) = re.findall(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)", content)
    assert [round(float(edge)) for edge in box] == [600, 300]
    assert b"/FontFile2" in content or b"/FontFile3" in content


def test_sizes_and_scales_are_honoured_and_the_view_is_put_back(window, panel, tmp_path):
    before, rects = on_screen(panel), panel.view.panels.rects.copy()
    run(window, f"save_view {tmp_path / 'b.png'} 3000x500 2x amplitude")
    image = QtGui.QImage(str(tmp_path / "b.png"))
    assert (image.width(), image.height()) == (6000, 1000)
    assert round(image.dotsPerMeterX() * 0.0254) == 192
    run(window, f"save_view {tmp_path / 'b.svg'} 300x200 amplitude")
    root = ET.parse(tmp_path / "b.svg").getroot()
    assert (root.get("width"), root.get("height")) == ("300", "200")
    assert np.array_equal(panel.view.panels.rects, rects)
    assert np.array_equal(on_screen(panel), before)
    assert not window.host.waiting


def test_a_view_behind_a_tab_shows_the_selection_in_its_picture(window, panel, settle, tmp_path):
    drift = window.panels.named("drift")
    assert not window.host.in_sight(drift.view)
    run(window, f"save_view {tmp_path / 'd.svg'} 600x400 drift")
    assert "Depth (µm)" in texts(tmp_path / "d.svg")
    colors = {g.get("fill") for g in ET.parse(tmp_path / "d.svg").getroot().iter(f"{SVG}g")}
    assert {"#0892fc", "#ff0202"} <= colors


def test_a_white_background_is_for_the_picture_only(window, panel, tmp_path):
    before = on_screen(panel)
    run(window, f"save_view {tmp_path / 'w.png'} white amplitude")
    assert pixels(QtGui.QImage(str(tmp_path / "w.png")))[2, 2].tolist() == [255, 255, 255]
    assert np.array_equal(on_screen(panel), before)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("save_view a.jpg amplitude", "a.jpg: a picture is written as .png, .svg or .pdf."),
        ("screenshot b.gif", "b.gif: a picture is written as .png, .svg or .pdf."),
        ("save_view a.png nothing", "There is no view 'nothing' open"),
        ("save_view a.png 60000x100 amplitude", "too large"),
        ("save_view a.png 9x amplitude", "from 0.5 to 8, not 9"),
        ("save_view /dev/null/x/a.png amplitude", "Could not make the folder"),
    ],
)
def test_what_cannot_be_saved_is_one_sentence(window, panel, line, sentence):
    assert sentence in window.commands.run_line(line)


def test_a_picture_that_cannot_be_replaced_leaves_nothing_behind(window, panel, tmp_path):
    (tmp_path / "a.svg").mkdir()
    assert "choose another folder" in window.commands.run_line(f"save_view {tmp_path / 'a.svg'} amplitude")
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith((".a", "a"))] == ["a.svg"]


def test_the_window_as_svg_has_its_views_as_vectors_in_their_places(window, panel, tmp_path):
    run(window, f"screenshot {tmp_path / 'w.svg'}")
    root = ET.parse(tmp_path / "w.svg").getroot()
    groups = {g.get("id"): g for g in root.iter(f"{SVG}g") if g.get("id")}
    assert set(groups) >= {"window", panel.name, "Correlograms"}
    assert "Probe" not in groups or window.host.in_sight(window.panels.named("probe").view)
    corner = panel.view.canvas.native.mapTo(window, panel.view.canvas.native.rect().topLeft())
    assert groups[panel.name].get("transform").startswith(f"translate({corner.x()} {corner.y()})")
    shown = pixels(window.grab().toImage())
    drawn = rasterised(tmp_path / "w.svg", (window.width(), window.height()))
    assert np.abs(drawn - shown).mean() < 6


def test_the_window_as_pdf_has_its_size(window, panel, tmp_path):
    run(window, f"screenshot {tmp_path / 'w.pdf'}")
    (box,) = re.findall(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)", (tmp_path / "w.pdf").read_bytes())
    assert [round(float(edge)) for edge in box] == [960, 600]


def dialog_of(window) -> PictureDialog:
    return next(d for d in window.findChildren(PictureDialog) if d.isVisible())


def test_a_key_opens_the_dialog_of_the_view_that_has_the_keyboard(window, panel, press, qtbot, tmp_path):
    panel.dock.give_focus()
    press("Shift+F12")
    dialog = dialog_of(window)
    assert dialog.windowTitle() == f"Picture of {panel.name}"
    native = panel.view.canvas.native
    assert (dialog.width_box.value(), dialog.height_box.value()) == (native.width(), native.height())
    dialog.name.selectAll()
    qtbot.keyClicks(dialog.name, str(tmp_path / "k.svg"))
    assert dialog.format.currentData() == ".svg"
    dialog.width_box.setFocus()
    dialog.width_box.selectAll()
    qtbot.keyClicks(dialog.width_box, "444")
    dialog.white.setFocus()
    qtbot.keyClick(dialog.white, Qt.Key_Space)
    qtbot.keyClick(dialog.name, Qt.Key_Return)
    root = ET.parse(tmp_path / "k.svg").getroot()
    assert root.get("width") == "444"
    assert window.pictures.ground == "white"


def test_without_the_keyboard_in_a_view_the_key_says_what_to_do(window, panel, press):
    window.tables.clusters.setFocus()
    press("Shift+F12")
    assert "No view has the keyboard" in window.status.message.text()


def test_the_dialog_of_the_window_keeps_its_problem_until_it_is_solved(window, panel, press, qtbot, tmp_path):
    press("F12")
    dialog = dialog_of(window)
    dialog.name.setText(str(tmp_path / "w.jpg"))
    qtbot.keyClick(dialog.name, Qt.Key_Return)
    assert dialog.isVisible()
    assert any("w.jpg" in label.text() for label in dialog.findChildren(QtWidgets.QLabel))
    dialog.format.setCurrentIndex(dialog.format.findData(".pdf"))
    assert dialog.name.text() == str(tmp_path / "w.pdf")
    qtbot.keyClick(dialog.name, Qt.Key_Return)
    assert (tmp_path / "w.pdf").read_bytes().startswith(b"%PDF")


def test_the_menu_of_a_view_offers_its_picture(window, panel, monkeypatch):
    def choose(menu, _where):
        next(entry for entry in menu.actions() if entry.text() == "Save picture...").trigger()

    monkeypatch.setattr(QtWidgets.QMenu, "exec_", choose)
    panel._menu.click()
    assert dialog_of(window).windowTitle() == f"Picture of {panel.name}"
    dialog_of(window).reject()


def test_the_camera_of_a_view_saves_it_as_it_is(window, panel, qtbot, monkeypatch, tmp_path):
    monkeypatch.setenv("PHY_MEDICINE_HOME", str(tmp_path))
    for _ in range(2):
        panel.screenshot()
    names = sorted(p.name for p in (tmp_path / "screenshots").iterdir())
    assert names == [f"{window.session.name}_AmplitudeView_{i}.png" for i in (1, 2)]


def test_names_without_an_ending_are_png_and_names_without_a_name_are_numbered(tmp_path):
    assert picture_path(str(tmp_path / "a"), tmp_path, "stem") == tmp_path / "a.png"
    assert picture_path(str(tmp_path / "a.SVG"), tmp_path, "stem") == tmp_path / "a.SVG"
    (tmp_path / "stem_1.png").touch()
    assert picture_path("", tmp_path, "stem") == tmp_path / "stem_2.png"
