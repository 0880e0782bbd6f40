"""Templates of all clusters, on a simulated dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.session import Session


def test_amplitudes_and_shapes_are_those_of_the_template_with_most_spikes(dataset: Path):
    session = Session.open(dataset)
    a, b = session.cluster_ids[:2]
    session.merge([a, b])
    source, merged = session.data.template_shapes, session.cluster_ids[-1]
    main = session.facts.main_template(merged)
    assert main == max((a, b), key=lambda c: np.count_nonzero(session.model.spike_clusters == c))
    amplitudes, shape = source.amplitudes([merged, session.cluster_ids[0]]), source.shape(merged)
    assert amplitudes.shape == (2, session.model.n_channels)
    assert amplitudes[0, shape.channel_ids] == pytest.approx(np.ptp(shape.data, axis=0), rel=1e-3)
    assert amplitudes[0].argmax() == shape.channel_ids[0]
    session.close()


def test_without_templates_the_missing_file_is_named(dataset: Path):
    for path in dataset.parent.glob("templates*.npy"):
        path.unlink()
    session = Session.open(dataset)
    with pytest.raises(DataMissing, match=r"templates\.npy"):
        session.data.template_shapes.amplitudes(session.cluster_ids)
    session.close()
