"""Views of plugins in a real window: like the program's own while they work, harmless when they do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.plugin import ActionError, Axes, View, ViewAction, setting
from phy_medicine.views.widget_view import WidgetView

from .mouse import click, move

OWNER = "quality.Quality"


@dataclass(frozen=True, slots=True)
class CountSettings:
    """What the view of counts shows."""

    n_bins: int = setting(20, "Number of bins", minimum=2, maximum=200)


class CountView(View):
    """Spikes of the selected clusters over the recording."""

    name, title = "CountView", "Counts"
    settings_type = CountSettings
    axes = Axes(x="Time (s)", y="Spikes")

    def prepare(self, request):
        data, n_bins = self.host.data, self.settings.n_bins
        return [np.histogram(data.shown_times[s], n_bins, (0, data.duration_s))[0] for s in request.spike_ids]

    def upload(self, counts):
        self.panels.set_home(x=(0, self.host.data.duration_s), y=(0, max(map(max, counts))))
        self.picture.clear()
        for color, count in zip(self.colors, counts, strict=True):
            self.picture.steps(count[None], (0, self.host.data.duration_s), color=color)
        self.status = f"{sum(map(sum, counts)):,} spikes"

    def actions(self):
        return (ViewAction("finer", "Finer bins", self._finer, "Ctrl+Alt+B", "fb", "Use twice as many bins."),)

    def _finer(self):
        self.change(n_bins=2 * self.settings.n_bins)


def add(window: MainWindow, view: type[View], owner: str = OWNER) -> None:
    with window.session.extensions.owned_by(owner):
        window.session.extensions.views.add(view)


def panel_of(window: MainWindow, kind: str):
    return next((p for p in window.panels if p.kind == kind and p.open), None)


@pytest.fixture
def problems(window):
    found: list = []
    window.session.extensions.problem.connect(found.append)
    return found


@pytest.fixture
def show(window, settle):
    """Opens a view of a plugin, with two clusters selected."""

    def open_it(view: type[View]):
        add(window, view)
        window.session.select(window.session.cluster_ids[:2])
        window.commands.run("add_view", view.name)
        settle()
        settle()
        return panel_of(window, view.name)

    return open_it


def kinds_offered(window: MainWindow) -> list[str]:
    menu = next(a.menu() for a in window.menus.menus["View"].actions() if a.text() == "Add")
    menu.aboutToShow.emit()
    return [a.text() for a in menu.actions()]


def test_a_view_that_is_added_while_the_window_is_open_is_offered_at_once(window, settle):
    assert "CountView" not in kinds_offered(window)
    add(window, CountView)
    settle()
    assert "CountView" in kinds_offered(window)
    assert "CountView" in window.commands.table["add_view"].args[0].candidates()
    window.session.extensions.remove_of(OWNER)
    settle()
    assert "CountView" not in kinds_offered(window)


def test_a_view_of_a_plugin_draws_has_keys_snippets_settings_and_a_place_in_layouts(window, show, settle, press):
    panel = show(CountView)
    n = sum(len(window.session.data.spikes(c)) for c in window.session.cluster_ids[:2])
    assert panel.name == "Counts" and panel.view.status == f"{n:,} spikes"
    press("Ctrl+Alt+B")
    assert panel.view.settings.n_bins == 40
    window.commands.run_line(":fb")
    settle()
    assert panel.view.settings.n_bins == 80 and len(panel.view.block[0]) == 80
    window.commands.run_line("save_layout mine")
    assert "CountView" in window.layouts.own["mine"].panels
    panel.dock.close()
    window.commands.run_line("layout mine")
    settle()
    assert panel_of(window, "CountView").view.settings.n_bins == 80


def test_a_view_of_a_disabled_plugin_closes_and_comes_back_where_and_as_it_was(window, show, settle):
    panel = show(CountView)
    panel.view.change(n_bins=50)
    window.session.extensions.remove_of(OWNER)
    settle()
    assert panel_of(window, "CountView") is None and window.panels.settings()["Counts"]["settings"] == {"n_bins": 50}
    assert not any(action.owner == "CountView" for action in window.commands.table)
    add(window, CountView)
    settle()
    settle()
    panel = panel_of(window, "CountView")
    assert panel.view.settings.n_bins == 50 and len(panel.view.block[0]) == 50
    assert any(action.owner == "CountView" for action in window.commands.table)


def test_a_plugin_that_is_loaded_anew_changes_its_view_in_place(window, show, settle):
    panel = show(CountView)
    panel.view.change(n_bins=50)
    neighbours = window.tabifiedDockWidgets(panel.dock)

    class Other(CountView):
        name = "CountView"

        def upload(self, counts):
            super().upload(counts)
            self.status = "anew"

    window.session.extensions.remove_of(OWNER)
    add(window, Other)
    settle()
    settle()
    assert panel.open and isinstance(panel.view, Other) and panel.view.settings.n_bins == 50
    assert panel.view.status == "anew" and window.tabifiedDockWidgets(panel.dock) == neighbours


def failing(method: str):
    def fail(self, *args, **kwargs):
        raise ValueError(f"no {method}")

    return type("BadView", (CountView,), {"name": "BadView", "title": "Bad", method: fail})


@pytest.mark.parametrize("method", ["__init__", "prepare", "upload", "decorate", "arrange", "paint"])
def test_a_view_that_fails_says_so_in_its_own_dock_and_the_others_go_on(window, show, settle, problems, method):
    panel = show(failing(method))
    sentence = f"Plugin {OWNER}: BadView.{method} failed: ValueError: no {method}"
    assert panel.view.scene.message == sentence
    assert [problem.sentence for problem in problems] == [sentence]
    window.session.select(window.session.cluster_ids[2:4])
    settle()
    assert window.at_rest
    others = [p.view for p in window.panels if p is not panel and window.host.in_sight(p.view) and p.view.auto_update]
    assert others and all(v.shown_request.cluster_ids[:1] == window.session.cluster_ids[2:3] for v in others)


def test_a_view_whose_picture_failed_once_draws_the_next_selection(window, show, settle):
    class SometimesView(CountView):
        name = "SometimesView"

        def upload(self, counts):
            if self.cluster_ids[0] == self.host.data_of_failure:
                raise ValueError("just this one")
            super().upload(counts)

    window.host.data_of_failure = window.session.cluster_ids[0]
    panel = show(SometimesView)
    assert "just this one" in panel.view.scene.message
    window.session.select(window.session.cluster_ids[2:4])
    settle()
    assert panel.view.scene.message == "" and panel.view.status.endswith("spikes")


@pytest.mark.parametrize("method", ["on_click", "describe"])
def test_a_click_or_hover_that_fails_leaves_the_picture_with_a_line_above(
    window, show, settle, problems, qtbot, method
):
    panel = show(failing(method))
    view, middle = panel.view, panel.view.canvas.native.rect().center()
    if method == "describe":
        move(view, middle)
    else:
        click(qtbot, view, middle)
    settle()
    sentence = f"Plugin {OWNER}: BadView.{method} failed: ValueError: no {method}"
    assert view.complaint == sentence and view.scene.message == "" and view.block is not None
    label = next(w for w in panel.dock.findChildren(QtWidgets.QLabel) if w.text() == sentence)
    assert label.isVisible() and {p.sentence for p in problems} == {sentence}
    window.session.select(window.session.cluster_ids[2:4])
    settle()
    assert not label.isVisible()


def test_actions_that_cannot_be_listed_are_none(window, show, problems):
    panel = show(failing("actions"))
    assert panel.actions() == () and panel.view.block is not None
    assert problems[0].sentence == f"Plugin {OWNER}: BadView.actions failed: ValueError: no actions"


def test_an_action_that_fails_is_a_sentence(window, show, settle, problems, press):
    class ActView(CountView):
        name = "ActView"

        def actions(self):
            return (
                ViewAction("odd", "Odd", self._odd, "Ctrl+Alt+B"),
                ViewAction("refuse", "Refuse", self._refuse),
            )

        def _odd(self):
            raise KeyError("odd")

        def _refuse(self):
            raise ActionError("Not today.")

    panel = show(ActView)
    press("Ctrl+Alt+B")
    assert panel.view.complaint == f"Plugin {OWNER}: ActView.odd failed: KeyError: 'odd'" and len(problems) == 1
    assert window.commands.run("refuse") == "Not today." and len(problems) == 1


def test_what_fails_at_closing_does_not_keep_the_window_open(window, show, problems):
    def fail(self):
        raise ValueError("no end")

    show(type("BadView", (CountView,), {"name": "BadView", "close": fail, "state": fail}))
    window.scripted = False
    assert window.close()
    assert [p.what for p in problems if p.error] == ["BadView.state", "BadView.close"]


def test_a_view_without_a_name_is_known_by_its_class_and_never_takes_the_place_of_its_parent(window, settle):
    from phy_medicine.views.histogram import HistogramView

    class Widths(HistogramView):
        """Another histogram."""

    add(window, Widths)
    assert window.panels.view_kinds.find("HistogramView") is HistogramView
    assert (
        window.panels.view_kinds.find("Widths").name == "Widths"
        and window.panels.view_kinds.title("Widths") == "Widths"
    )


class LabelView(WidgetView):
    """The ids of the selected clusters, in a widget of Qt."""

    name, title = "LabelView", "Ids"

    def make_widget(self):
        return QtWidgets.QLabel()

    def prepare(self, request):
        return ", ".join(map(str, request.cluster_ids))

    def draw_widget(self):
        self.canvas.native.setText(self.block)


def test_a_view_may_be_any_widget(window, show, settle, tmp_path):
    panel = show(LabelView)
    ids = window.session.cluster_ids[:2]
    assert panel.view.canvas.native.text() == f"{ids[0]}, {ids[1]}" and panel.view.canvas.native.isVisible()
    window.session.select([])
    settle()
    said = [w.text() for w in panel.dock.findChildren(QtWidgets.QLabel) if w.isVisible()]
    assert "Select a cluster in the table." in said and not panel.view.canvas.native.isVisible()
    window.session.select([ids[1]])
    settle()
    assert panel.view.canvas.native.text() == str(ids[1]) and panel.view.canvas.native.isVisible()
    for ending in ("png", "svg", "pdf"):
        window.pictures.save_view(str(tmp_path / f"ids.{ending}"), "LabelView")
        assert (tmp_path / f"ids.{ending}").stat().st_size > 500


def test_a_widget_that_cannot_be_drawn_is_replaced_by_the_sentence(window, show, problems):
    def fail(self):
        raise ValueError("no figure")

    panel = show(type("BadFigure", (LabelView,), {"name": "BadFigure", "draw_widget": fail}))
    sentence = f"Plugin {OWNER}: BadFigure.draw_widget failed: ValueError: no figure"
    said = [w.text() for w in panel.dock.findChildren(QtWidgets.QLabel) if w.isVisible()]
    assert sentence in said and window.at_rest
