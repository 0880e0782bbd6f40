"""What must be read for a lasso is read in pieces, and is what the lasso held when it was asked."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.views.amplitude import AmplitudeView
from phy_medicine.views.feature import FeatureView
from phy_medicine.views.interact import Click
from phy_medicine.views.lasso_work import LassoWork, union

CORNERS = ((50.0, -1e4), (400.0, -1e4), (250.0, 1e4), (100.0, 1e4))
TIME_0A = 0


def _corners(view, panel=0):
    for x, y in CORNERS:
        view.add_lasso_corner(Click(0, 0, panel, x, y, 1, frozenset({"control"})))


@given(
    spikes=st.lists(st.sets(st.integers(0, 500), max_size=40), max_size=4),
    chosen=st.sets(st.integers(0, 500)),
    chunk=st.integers(1, 50),
)
def test_pieces_of_any_size_find_the_same_spikes(spikes, chosen, chunk):
    parts = tuple((np.array(sorted(part), dtype=np.int64), lambda ids: np.isin(ids, list(chosen))) for part in spikes)
    work = LassoWork(parts, chunk)
    pieces = list(work.pieces())
    assert all(0 < piece.n_read <= chunk for piece in pieces)
    assert sum(piece.n_read for piece in pieces) == work.n_spikes == sum(map(len, spikes))
    expected = sorted(set().union(*spikes) & chosen)
    assert union(piece.found for piece in pieces).tolist() == work.spikes().tolist() == expected


def test_nothing_is_read_when_it_cannot_be_known_where_all_spikes_belong():
    read = []

    def refuse():
        raise ActionError("Some are unknown.")

    work = LassoWork(((np.arange(5), lambda ids: read.append(ids)),), 2, refuse)
    with pytest.raises(ActionError, match="unknown"):
        next(work.pieces())
    assert read == []


def test_a_view_without_a_lasso_has_nothing_to_read():
    for kind in (AmplitudeView, FeatureView):
        view = kind(FakeHost())
        show(view, view.host.make_request([1]))
        assert view.lasso_work() is None and view.lasso_spike_ids().tolist() == []


@pytest.mark.parametrize(
    ("kind", "settings"), [(AmplitudeView, {"kind": "raw"}), (FeatureView, {"source": "selected"})]
)
def test_a_lasso_holds_what_it_held_when_it_was_asked(kind, settings):
    view = kind(FakeHost(n_per_cluster=700))
    view.auto_update = False
    view.change(**settings)
    data = view.host.data
    show(view, view.host.make_request([0, 2]))
    _corners(view, TIME_0A)
    work, expected = view.lasso_work(), view.lasso_spike_ids().tolist()
    assert 10 < len(expected) < work.n_spikes
    view.clear_lasso()
    data.shown_times = data.spike_times[::-1].copy()
    show(view, view.host.make_request([1]))
    assert work.spikes().tolist() == expected


def test_scores_of_the_file_are_quick_up_to_many_spikes():
    few, many = FeatureView(FakeHost(n_per_cluster=3000)), FeatureView(FakeHost(n_clusters=2, n_per_cluster=20_000))
    for view in (few, many):
        show(view, view.host.make_request([0, 1]))
        _corners(view, TIME_0A)
    assert few.lasso_work().quick and not many.lasso_work().quick
    few.change(source="selected")
    _corners(few, TIME_0A)
    assert not few.lasso_work().quick
