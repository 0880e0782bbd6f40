"""Plugins as users have them, with the controller, in a window."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.app.phy_compat.controller import make_controller
from phy_medicine.app.phy_compat.gui import announce, open_gui

from .windows import *  # noqa: F403
from .windows import facade_of

SPLIT = """
from phy import IPlugin, connect
import numpy as np

class Split(IPlugin):
    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @controller.supervisor.actions.add(shortcut='s')
            def split_by_turns():
                \"\"\"Split by turns.\"\"\"
                cluster_ids = controller.supervisor.selected
                bunchs = controller._amplitude_getter(cluster_ids, name='template', load_all=True)
                spike_ids = bunchs[0].spike_ids
                controller.supervisor.actions.split(spike_ids, np.arange(len(spike_ids)) % 2)
"""

ACTIONS = """
from phy import IPlugin, connect

class Mine(IPlugin):
    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @gui.file_actions.add(shortcut='F9')
            def display_message():
                gui.status_message = 'Hello world'

            @gui.view_actions.add(alias='fr')
            def filter_firing_rate(rate):
                controller.supervisor.filter('fr > %.1f' % float(rate))

            @gui.select_actions.add(submenu='Select', shortcut='F8', prompt=True, prompt_default=lambda: 3)
            def select_n_first_clusters(n_clusters):
                @controller.supervisor.cluster_view.get_ids
                def find_cluster_ids(cluster_ids):
                    controller.supervisor.select(cluster_ids[:n_clusters])

        @connect(sender=controller)
        def on_controller_ready(sender):
            sender.supervisor.columns = ['id', 'fr', 'nothing', 'n_spikes']

        heard = controller.heard = []

        @connect
        def on_cluster(sender, up):
            heard.append(('cluster', type(sender).__name__, up.description))

        @connect
        def on_select(sender, cluster_ids, **kwargs):
            heard.append(('select', type(sender).__name__))

        @connect
        def on_request_save(sender):
            heard.append(('request_save', type(sender).__name__))
"""


@pytest.fixture
def start(window, session, run_plugin):
    """Attaches a plugin as the program does and opens the window for it."""
    made = []

    def start_it(source: str):
        module = run_plugin(source)
        controller = make_controller(session)
        made.append(controller)
        cls = next(v for v in vars(module).values() if isinstance(v, type) and hasattr(v, "attach_to_controller"))
        with session.extensions.owned_by(cls.__name__):
            cls().attach_to_controller(controller)
        controller.finish()
        gui = open_gui(controller, window, facade_of)
        announce(gui)
        return controller, gui

    yield start_it
    for controller in made:
        controller.close()


def test_a_split_of_a_plugin_is_one_of_the_session(start, session, press, problems):
    controller, _ = start(SPLIT)
    cluster = session.cluster_ids[0]
    n = int((session.spike_clusters() == cluster).sum())
    session.select([cluster])
    press("S")
    controller.supervisor.block()
    assert problems == [] and cluster not in session.cluster_ids
    added = session.selection.cluster_ids
    assert sorted(np.bincount(session.spike_clusters())[list(added)]) == [n // 2, n - n // 2]
    press("Ctrl+Z")
    assert cluster in session.cluster_ids


def test_actions_of_a_plugin_by_key_snippet_and_menu(start, session, window, press, qtbot, problems, monkeypatch):
    start(ACTIONS)
    press("F9")
    assert window.status.message.text() == "Hello world"
    assert window.commands.run_line(":fr 2") == ""
    assert session.cluster_table.filter_text == "fr > 2.0"
    session.filter("")
    assert window.commands.run_line(":select_n_first_clusters 2") == ""
    rows = list(session.cluster_table.visible_ids())
    qtbot.waitUntil(lambda: list(session.selection.best_ids) == rows[:2])
    asked: list[str] = []
    answer = "phy_medicine.app.phy_compat.arguments.input_dialog"
    monkeypatch.setattr(answer, lambda title, sentence, text: (asked.append(text), (text, True))[1])
    window.scripted = False
    press("F8")
    window.scripted = True
    qtbot.waitUntil(lambda: list(session.selection.best_ids) == rows[:3])
    assert asked == ["3"] and problems == []
    assert [c.name for c in session.cluster_table.columns][:3] == ["id", "fr", "n_spikes"]


def test_events_of_keys_reach_a_plugin_in_the_order_of_phy(start, session, window, press, settle, problems):
    controller, _ = start(ACTIONS)
    session.select(session.cluster_ids[:2])
    controller.supervisor.block()
    controller.heard.clear()
    press("G")
    controller.supervisor.block()
    press("Ctrl+S")
    heard = controller.heard
    assert heard[0] == ("select", "ClusterView")
    assert heard[1:3] == [("cluster", "Clustering", "merge"), ("cluster", "Supervisor", "merge")]
    assert ("select", "Supervisor") in heard and heard[-1] == ("request_save", "GUI")
    assert problems == []


def test_the_supervisor_has_what_phys_has(start):
    controller, gui = start(ACTIONS)
    supervisor = controller.supervisor
    state = supervisor.task_logger.last_state()
    assert len(state) == 4 and supervisor.task_logger.has_finished()
    assert supervisor.action_creator.edit_actions is supervisor.actions
    assert supervisor.cluster_view.get_ids() == supervisor.shown_cluster_ids
    assert controller.gui is gui and gui.view_creator is controller.view_creator
