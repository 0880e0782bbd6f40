"""Actions, splitters and jobs of plugins in menus, keys, the command line and the palette; they come, fail and go."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest

from phy_medicine.gui.keys import MENUS
from phy_medicine.plugin import Action, ActionError, Arg, JobKind, Splitter, setting

pytestmark = pytest.mark.usefixtures("few_views")

OWNER = "Bursts"


@pytest.fixture
def extensions(window):
    with window.session.extensions.owned_by(OWNER):
        yield window.session.extensions


@pytest.fixture
def log(caplog):
    caplog.set_level("WARNING", "phy_medicine")
    return lambda: [record.getMessage() for record in caplog.records]


def entries(window, menu: str) -> list[str]:
    return [a.text() for a in window.menus.menus[menu].actions() if not a.isSeparator() and a.isVisible()]


def menu_titles(window) -> list[str]:
    return [a.text().replace("&", "") for a in window.menuBar().actions() if a.isVisible()]


def split_menu(window):
    return next(a.menu() for a in window.menus.menus["Edit"].actions() if a.text() == "Split by")


def test_an_action_has_menu_key_snippet_palette_and_goes_with_its_plugin(window, extensions, press, settle):
    ran = []
    args = (Arg("n", "value", optional=True),)
    action = Action("count_bursts", "Count bursts", lambda *a: ran.append(a), "Counts.", shortcuts=("Ctrl+Alt+B",),
                    alias="bu", args=args)  # fmt: skip
    assert menu_titles(window) == [m for m in MENUS if m != "Plugins"]
    extensions.actions.add(action)
    assert entries(window, "Plugins") == ["Count bursts"] and menu_titles(window) == list(MENUS)
    press("Ctrl+Alt+B")
    window.menus.actions["count_bursts"].trigger()
    assert window.commands.run_line(":bu 3") == "" and ran == [(), (), (3,)]
    extensions.remove_of(OWNER)
    assert "count_bursts" not in window.commands.table and window.commands.table.find("bu") is None
    assert "Plugins" not in menu_titles(window)
    press("Ctrl+Alt+B")
    assert len(ran) == 3


def test_an_action_stands_in_the_menu_that_it_names_also_in_a_new_one(window, extensions):
    extensions.actions.add(Action("a_view", "Bursts of view", print, menu="&View"))
    extensions.actions.add(Action("a_jump", "Next burst", print, menu="Select", group="similar"))
    extensions.actions.add(Action("an_own", "Burst table", print, menu="Bursts"))
    assert "Bursts of view" in entries(window, "View") and entries(window, "Bursts") == ["Burst table"]
    select = entries(window, "Select")
    assert select.index("Next burst") == select.index("Next similar") + 1
    assert menu_titles(window)[-2:] == ["Bursts", "Help"]
    extensions.remove_of(OWNER)
    assert "Bursts" not in menu_titles(window) and "Next burst" not in entries(window, "Select")


def test_a_key_of_another_action_is_refused_with_a_message_but_can_be_given_by_hand(window, extensions, press, log):
    ran = []
    extensions.actions.add(Action("burst", "Burst", lambda: ran.append(1), shortcuts=("Ctrl+S", "Alt+F")))
    table = window.commands.table
    assert table["burst"].shortcuts == ()
    assert log() == [
        "Plugin Bursts: Burst has not got its key. Ctrl+S is the key of Save, of the program. "
        "Another can be chosen in the list of all actions.",
        "Plugin Bursts: Burst has not got its key. Alt+F opens the File menu; choose another key. "
        "Another can be chosen in the list of all actions.",
    ]
    assert window.commands.run_line(":set_shortcut burst Ctrl+Alt+B") == ""
    press("Ctrl+Alt+B")
    assert ran == [1]
    extensions.remove_of(OWNER)
    extensions.actions.add(Action("burst", "Burst", lambda: ran.append(2), shortcuts=("Ctrl+S",)))
    press("Ctrl+Alt+B")
    assert ran == [1, 2] and table["save"].shortcuts == ("Ctrl+S",)


def test_a_key_of_a_view_that_is_opened_later_stays_the_views(window, extensions, log):
    window.session.extensions.actions.add(Action("wide", "Wide", print, shortcuts=("Shift+Ctrl+Alt+W",)))
    assert window.commands.table["wide"].shortcuts == ("Ctrl+Alt+Shift+W",)
    from phy_medicine.plugin import View, ViewAction

    class WView(View):
        name = "WView"
        needs_selection = False

        def prepare(self, request):
            return 0

        def upload(self, block):
            self.picture.clear()

        def actions(self):
            return (ViewAction("w", "W", lambda: None, "Ctrl+Alt+Shift+W"),)

    window.session.extensions.views.add(WView)
    window.commands.run("add_view", "WView")
    assert window.commands.table["wide"].shortcuts == () and "of WView" in log()[-1]


def test_names_that_are_taken_are_not_taken_away(window, extensions, log):
    extensions.actions.add(Action("merge", "My merge", print, alias="g"))
    table = window.commands.table
    assert table["merge"].text == "Merge" and table.find("g").text == "Merge" and table["Bursts_merge"].alias == ""
    assert log() == ["Plugin Bursts: My merge cannot be typed as :g, which is Merge."]


def test_what_goes_wrong_in_an_action_is_one_sentence_and_one_report(window, extensions, press, settle):
    problems = []
    extensions.problem.connect(problems.append)

    def wrong():
        raise KeyError("nothing")

    def refused():
        raise ActionError("Select a burst first.")

    def asked():
        raise ValueError("who knows")

    extensions.actions.add(Action("wrong", "Wrong", wrong, shortcuts=("Ctrl+Alt+B",), when=asked,
                                  args=(Arg("x", optional=True, choices=asked),)))  # fmt: skip
    extensions.actions.add(Action("refused", "Refused", refused))
    sentence = "Plugin Bursts: action wrong failed: KeyError: 'nothing'"
    assert window.commands.run("wrong") == sentence and window.commands.run_line(":wrong") == sentence
    assert window.commands.run("refused") == "Select a burst first."
    window.menus.update_enabled()
    window.menus.update_enabled()
    assert not window.menus.actions["wrong"].isEnabled()
    assert window.commands.table["wrong"].args[0].candidates() == ()
    assert [p.what for p in problems].count("when of action wrong") == 1
    assert [p.what for p in problems].count("choices of action wrong") == 1


def test_what_an_action_adds_is_its_plugins(window, extensions):
    add = window.session.extensions.actions.add
    extensions.actions.add(Action("more", "More", lambda: add(Action("child", "Child", print))))
    window.commands.run("more")
    assert extensions.actions.owner_of("child") == OWNER
    extensions.remove_of(OWNER)
    assert "child" not in window.commands.table


# Splitters


def halves(session):
    def split(cluster_ids, n=2):
        spike_ids = np.concatenate([session.data.spikes(c) for c in cluster_ids])
        return spike_ids, np.arange(len(spike_ids)) * n // len(spike_ids)

    return split


@pytest.fixture
def chosen(window, settle) -> int:
    """One selected cluster."""
    cluster_id = window.session.cluster_ids[0]
    window.session.select([cluster_id])
    settle()
    return cluster_id


def test_a_splitter_splits_by_menu_key_and_snippet_as_one_action(window, extensions, chosen, press, settle):
    session = window.session
    splitter = Splitter("halves", halves(session), "Halves in time", shortcut="Ctrl+Alt+B", alias="hv",
                        args=(Arg("n", "value", optional=True),))  # fmt: skip
    extensions.splitters.add(splitter)
    assert [a.text() for a in split_menu(window).actions()] == ["Halves in time"]
    edit = entries(window, "Edit")
    assert edit[edit.index("Split into templates") :] == [
        "Split into templates", "Split by", "Groups...", "Label...", "Groups from the sorter's labels", "Move...",
        "Move best to", "Move similar to", "Move all to",
    ]  # fmt: skip
    spikes, before = session.data.spikes(chosen), session.spike_clusters()
    press("Ctrl+Alt+B")
    half = -(-len(spikes) // 2)
    assert [len(session.data.spikes(c)) for c in session.selection.cluster_ids] == [half, len(spikes) - half]
    press("Ctrl+Z")
    assert (session.spike_clusters() == before).all() and session.selection.cluster_ids == (chosen,)
    assert window.commands.run_line(":hv 3") == ""
    settle()
    assert len(session.selection.cluster_ids) == 3 and chosen not in session.cluster_ids
    extensions.remove_of(OWNER)
    assert not split_menu(window).menuAction().isVisible()


def test_nothing_changes_while_a_split_is_worked_out_and_esc_cancels_it(window, extensions, chosen, press_now, settle):
    session, go_on = window.session, threading.Event()

    def slow(cluster_ids):
        go_on.wait(20)
        return halves(session)(cluster_ids)

    extensions.splitters.add(Splitter("slow", slow, shortcut="Ctrl+Alt+B"))
    before = session.spike_clusters()
    press_now("Ctrl+Alt+B")
    assert window.splitting.running and not window.at_rest
    press_now("G", "Space")
    window.later.flush()
    assert session.selection.cluster_ids == (chosen,)
    assert "A split by slow is being worked out, and clusters and selection" in window.status.message.text()
    press_now("Esc")
    assert not window.splitting.running and not session.hold.taken
    go_on.set()
    session.pool.sync(20)
    settle()
    assert (session.spike_clusters() == before).all()
    press_now("Ctrl+Alt+B")
    settle()
    assert chosen not in session.cluster_ids


WRONG = {
    "nothing": (lambda ids: None, "it must return spike ids and labels."),
    "two shapes": (lambda ids: (ids[:3], [0, 1]), "spike ids have the shape (3,), labels (2,); both must be of one"),
    "empty": (lambda ids: (ids[:0], []), "it found no spikes to split."),
    "fractions": (lambda ids: (ids[:2], [0.5, 1.0]), "labels float64; both must be whole numbers."),
    "out of range": (lambda ids: ([ids[0], 10**9], [0, 1]), "spike ids go from"),
    "negative": (lambda ids: ([-1, ids[0]], [0, 1]), "spike ids go from -1"),
    "twice": (lambda ids: ([ids[0], ids[0]], [0, 1]), "a spike is in it twice."),
    "raised": (lambda ids: ids[10**9], "IndexError"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_split_is_said_and_changes_nothing(window, extensions, chosen, settle, case):
    session = window.session
    function, words = WRONG[case]
    extensions.splitters.add(Splitter("odd", lambda ids: function(session.data.spikes(ids[0]))))
    before, position = session.spike_clusters(), session.history.position
    assert window.commands.run("split_by_odd") == ""
    settle()
    problem = window.splitting.take_problem()
    assert problem.startswith("Plugin Bursts: splitter odd ") and words in problem
    assert (session.spike_clusters() == before).all() and session.history.position == position


def test_spikes_of_other_clusters_are_not_split(window, extensions, chosen, settle):
    session = window.session
    other = session.cluster_ids[1]
    extensions.splitters.add(Splitter("odd", lambda ids: (session.data.spikes(other)[:4], [0, 0, 1, 1])))
    window.commands.run("split_by_odd")
    settle()
    assert f"it has spikes of cluster {other}, which was not to be split." in window.splitting.take_problem()


def test_a_splitter_needs_a_selection(window, extensions):
    extensions.splitters.add(Splitter("halves", halves(window.session)))
    window.session.select([])
    assert window.commands.run("split_by_halves") == "Select the clusters that are to be split."


# Jobs


@dataclass(frozen=True)
class NothingSettings:
    """Settings of a job of a test."""

    n: int = setting(3, "How many")


def count(context):
    return {"numbers": np.arange(context.settings.n)}


def test_a_job_is_in_menu_and_panel_while_its_plugin_is_there(window, extensions, log):
    window.jobs.show()
    before = entries(window, "Jobs")
    extensions.jobs.add(JobKind("counting", "Counting", NothingSettings, count, help="Counts."))
    extensions.jobs.add(JobKind("motion", "My motion", NothingSettings, count))
    assert "Counting..." in entries(window, "Jobs") and "My motion..." not in entries(window, "Jobs")
    assert any(a.text() == "Counting ..." for a in window.jobs.panel.start.menu().actions())
    assert "counting" in window.commands.table["start_job"].args[0].candidates()
    assert log() == ["Plugin Bursts: the job motion is not offered, because the program has one of this name."]
    extensions.remove_of(OWNER)
    assert entries(window, "Jobs") == before
    assert not any(a.text() == "Counting ..." for a in window.jobs.panel.start.menu().actions())
    assert "motion" in {kind.name for kind in window.session.jobs.kinds()}
