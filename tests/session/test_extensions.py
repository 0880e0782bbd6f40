"""Registries of what plugins add: names, owners, replacement and removal, and calls that fail."""

from __future__ import annotations

import pytest

from phy_medicine.base.errors import ActionError
from phy_medicine.session.extensions import Extensions, Metric, Problem


def test_an_item_is_of_the_plugin_that_is_attaching():
    extensions = Extensions()
    with extensions.owned_by("Bursts"):
        extensions.metrics.add(Metric("burst", float))
    extensions.metrics.add(Metric("own", float))
    assert extensions.metrics.owner_of("burst") == "Bursts"
    assert extensions.metrics.owner_of("own") == ""


def test_the_last_item_of_a_name_counts_and_the_one_before_comes_back():
    extensions = Extensions()
    first, second = Metric("fr", lambda c: 1), Metric("fr", lambda c: 2)
    extensions.metrics.add(first)
    with extensions.owned_by("Other"):
        extensions.metrics.add(second)
    assert extensions.metrics.get("fr") is second
    extensions.remove_of("Other")
    assert extensions.metrics.get("fr") is first
    assert extensions.metrics.names == ("fr",)


def test_what_a_plugin_added_goes_from_every_registry_and_each_is_told():
    extensions = Extensions()
    heard: list[str] = []
    extensions.metrics.changed.connect(heard.append)
    with extensions.owned_by("A"):
        extensions.metrics.add(Metric("a", float))
        extensions.metrics.add(Metric("b", float))
    extensions.remove_of("A")
    assert list(extensions.metrics) == []
    assert heard == ["a", "b", "a", "b"]


def test_a_call_that_raises_gives_the_default_and_is_told_of():
    extensions = Extensions()
    problems: list[Problem] = []
    extensions.problem.connect(problems.append)

    def broken(cluster_id: int) -> float:
        raise ValueError(f"no spikes in {cluster_id}")

    assert extensions.call("Bursts", "metric burst", broken, 3, default=None) is None
    assert [p.sentence for p in problems] == ["Plugin Bursts: metric burst failed: ValueError: no spikes in 3"]


def test_a_slow_call_gives_its_value_and_is_told_of(monkeypatch):
    monkeypatch.setattr("phy_medicine.session.extensions.SLOW_S", -1.0)
    extensions = Extensions()
    problems: list[Problem] = []
    extensions.problem.connect(problems.append)
    assert extensions.call("Slow", "metric x", int, "3", default=0) == 3
    assert problems[0].sentence.startswith("Plugin Slow: metric x took ")


def test_what_a_person_asked_for_says_why_it_failed():
    extensions = Extensions()
    problems: list[Problem] = []
    extensions.problem.connect(problems.append)

    def broken() -> int:
        return {}["depth"]

    def refused() -> int:
        raise ActionError("Select two clusters first.")

    with pytest.raises(ActionError, match=r"Plugin Bursts: action find failed: KeyError: 'depth'"):
        extensions.attempt("Bursts", "action find", broken)
    with pytest.raises(ActionError, match=r"^Select two clusters first\.$"):
        extensions.attempt("Bursts", "action find", refused)
    assert len(problems) == 1 and extensions.attempt("Bursts", "action find", lambda x: x + 1, 3) == 4


def test_a_view_is_named_by_itself_or_by_its_class():
    class Plain:
        """Says no name."""

    class Named(Plain):
        name = "DepthView"

    extensions = Extensions()
    for view in (Plain, Named, type("Child", (Named,), {})):
        extensions.views.add(view)
    assert extensions.views.names == ("Plain", "DepthView", "Child")
