"""x of clusters, on a simulated dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.session.session import Session


@pytest.fixture
def opened():
    sessions = []

    def open_it(path: Path) -> Session:
        sessions.append(Session.open(path))
        return sessions[-1]

    yield open_it
    for session in sessions:
        session.close()


def test_x_is_the_median_of_the_spikes_where_they_have_positions(dataset, opened):
    session = opened(dataset)
    positions = np.load(dataset.parent / "spike_positions.npy")
    a, b = session.cluster_ids[:2]
    expected = [np.median(positions[session.facts.spikes(c), 0]) for c in (a, b)]
    assert session.data.unit_positions.x_um([a, b]) == pytest.approx(expected, abs=3)
    assert session.data.unit_positions.source == "median of the spikes' positions"


def test_without_positions_x_is_the_centre_of_mass_of_the_template(dataset, opened):
    (dataset.parent / "spike_positions.npy").unlink()
    session = opened(dataset)
    cluster = session.cluster_ids[3]
    model, template = session.model, session.facts.main_template(cluster)
    sizes = np.ptp(model.template(template).data.astype(float), axis=0) ** 2
    x = model.channel_positions[model.template(template).channel_ids, 0]
    assert session.data.unit_positions.x_um([cluster])[0] == pytest.approx((sizes * x).sum() / sizes.sum(), abs=0.5)
    assert session.data.unit_positions.source == "centre of mass of the template"


def test_without_templates_x_is_that_of_the_peak_channel(dataset, opened):
    for path in (dataset.parent / "spike_positions.npy", *dataset.parent.glob("templates*.npy")):
        path.unlink()
    session = opened(dataset)
    cluster = session.cluster_ids[0]
    peak = session.data.peak_channel(cluster)
    assert session.data.unit_positions.x_um([cluster])[0] == session.model.channel_positions[peak, 0]


def test_views_can_ask_the_table_for_x_but_a_label_of_this_name_comes_first(dataset, opened):
    session = opened(dataset)
    table, first = session.data.table, session.cluster_ids[0]
    assert table.numeric_columns()[-1].name == "x" and table.column("x").unit == "µm"
    assert table.numbers("x", [first]) == session.data.unit_positions.x_um([first])
    assert "x" not in [c.name for c in session.cluster_table.columns]
    session.label("x", 7, [first])
    assert table.numbers("x", [first]).tolist() == [7]
    assert [c.name for c in table.numeric_columns()].count("x") == 1
