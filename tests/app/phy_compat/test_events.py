"""The event bus: who is called, in which order, and what a callback that fails does not break."""

from __future__ import annotations

from phy_medicine.app.phy_compat.events import EventBus, ProgressReporter, bus
from phy_medicine.session.extensions import Extensions


def test_callbacks_are_called_in_order_with_the_sender_first():
    events, heard = EventBus(), []

    @events.connect
    def on_spam(sender, value, key=None):
        heard.append(("all", sender, value, key))
        return 1

    @events.connect(sender="a")
    def on_spam(sender, value, key=None):  # noqa: F811
        heard.append(("a", sender, value, key))
        return 2

    events.connect(lambda sender, value, key=None: 3, event="spam", last=True)
    events.connect(lambda sender, value, key=None: 4, event="spam")
    assert events.emit("spam", "a", 10, key=5) == [1, 2, 4, 3]
    assert heard == [("all", "a", 10, 5), ("a", "a", 10, 5)]
    assert events.emit("spam", "b", 10) == [1, 4, 3]
    assert events.emit("spam", "a", 10, single=True) == 1
    assert events.emit("eggs", "a") == []


def test_senders_compare_by_equality_and_arrays_are_no_sender():
    import numpy as np

    events = EventBus()
    events.connect(lambda sender: "yes", event="spam", sender=[1, 2])
    assert events.emit("spam", [1, 2]) == ["yes"]
    assert events.emit("spam", np.arange(3)) == []


def test_functions_senders_and_objects_of_methods_are_unconnected():
    class View:
        def on_spam(self, sender):
            return "view"

    def function(sender):
        return "function"

    events, view = EventBus(), View()
    events.connect(view.on_spam)
    events.connect(function, event="spam")
    events.connect(lambda sender: "lambda", event="spam", sender="x")
    assert events.emit("spam", "x") == ["view", "function", "lambda"]
    events.unconnect(function)
    assert events.emit("spam", "x") == ["view", "lambda"]
    events.unconnect("x")
    assert events.emit("spam", "x") == ["view"]
    events.unconnect(view)
    assert events.emit("spam", "x") == []


def test_a_function_without_the_name_of_an_event_is_refused():
    import pytest

    with pytest.raises(ValueError, match="Name the event"):
        EventBus().connect(lambda sender: None)


def test_a_callback_that_raises_is_told_of_and_the_others_are_called():
    events, extensions, problems = EventBus(), Extensions(), []
    events.use(extensions)
    extensions.problem.connect(problems.append)
    with extensions.owned_by("Bad"):
        events.connect(lambda sender: 1 / 0, event="spam")
    events.connect(lambda sender: "fine", event="spam")
    assert events.emit("spam", None) == ["fine"]
    assert [p.sentence for p in problems] == ["Plugin Bad: on_spam failed: ZeroDivisionError: division by zero"]


def test_a_single_event_goes_on_to_the_next_when_the_first_raises():
    events = EventBus()
    events.connect(lambda sender: 1 / 0, event="spam")
    events.connect(lambda sender: "second", event="spam")
    assert events.emit("spam", None, single=True) == "second"


def test_what_is_connected_in_a_callback_is_of_the_same_plugin_and_goes_with_it():
    events, extensions = EventBus(), Extensions()
    events.use(extensions)

    def on_gui_ready(sender):
        events.connect(lambda sender: "inner", event="spam")

    with extensions.owned_by("One"):
        events.connect(on_gui_ready)
    with extensions.owned_by("Two"):
        events.connect(lambda sender: "two", event="spam")
    events.emit("gui_ready", None)
    assert events.emit("spam", None) == ["two", "inner"]
    events.unconnect_owner("One")
    assert events.emit("spam", None) == ["two"]
    events.leave(extensions)
    assert events.connections == ()


def test_the_module_of_a_function_tells_its_plugin_when_nothing_else_does():
    events = EventBus()
    events.connect(lambda sender: None, event="spam")
    assert [c.owner for c in events.connections] == [__name__]


def test_nothing_is_called_in_silence():
    events, heard = EventBus(), []
    events.connect(lambda sender: heard.append(1), event="spam")
    with events.silent():
        assert events.emit("spam", None) is None
    events.set_silent(True)
    events.emit("spam", None)
    events.set_silent(False)
    assert heard == []
    events.emit("spam", None)
    assert heard == [1]
    events.reset()
    assert events.emit("spam", None) == []


def test_old_names_of_events_are_heard():
    events, heard = EventBus(), []
    events.connect(lambda sender, cluster_id: heard.append((sender, cluster_id)), event="cluster_click", sender="view")
    events.connect(lambda gui, view: heard.append((gui, view)), event="add_view", sender="gui")
    events.connect(lambda sender, channel_id=None: heard.append(channel_id), event="channel_click")
    events.emit("request_select", "view", [4])
    events.emit("view_attached", "view", "gui")
    events.emit("select_channel", "view", channel_id=7)
    assert heard == [("view", 4), ("gui", "view"), 7]


def test_progress_is_counted_and_told(capsys):
    progress, done = ProgressReporter(), []
    progress.value_max = 2
    progress.set_progress_message("{progress:.0f}% {what}")
    progress.set_complete_message("Done.")
    bus.connect(lambda sender: done.append(sender), event="complete", sender=progress)
    progress.increment()
    assert (progress.value, progress.progress, progress.is_complete()) == (1, 0.5, False)
    progress.increment()
    assert progress.is_complete() and done == [progress]
    assert capsys.readouterr().out == "50% ?\r100% ?\nDone.\n"
