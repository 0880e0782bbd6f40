"""Shapes of contacts from `probe.json`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from phy_medicine.io.contacts import read_contacts
from phy_medicine.io.simulate.probe import CONTACT_WIDTH_UM
from phy_medicine.session.session import Session

POSITIONS = np.array([(0.0, 0.0), (20.0, 0.0), (0.0, 20.0)])


def write(folder, **changes):
    probe = {
        "si_units": "um",
        "contact_positions": [[0, 20], [0, 0], [20, 0], [500, 500]],
        "contact_shapes": ["circle", "square", "rect", "square"],
        "contact_shape_params": [{"radius": 6}, {"width": 12}, {"width": 8, "height": 20}, {"width": 1}],
        **changes,
    }
    (folder / "probe.json").write_text(json.dumps({"probes": [probe]}))


def test_contacts_are_found_by_their_place(tmp_path):
    write(tmp_path)
    contacts = read_contacts(tmp_path / "probe.json", POSITIONS)
    assert contacts.size_um.tolist() == [[12, 12], [8, 20], [12, 12]]
    assert contacts.round.tolist() == [False, False, True]


def test_millimetres_are_understood(tmp_path):
    write(
        tmp_path, si_units="mm", contact_positions=[[0, 0.02], [0, 0], [0.02, 0], [1, 1]],
        contact_shape_params=[{"radius": 0.006}, {"width": 0.012}, {"width": 0.008, "height": 0.02}, {"width": 1}],
    )  # fmt: skip
    assert read_contacts(tmp_path / "probe.json", POSITIONS).size_um == pytest.approx(
        np.array([[12, 12], [8, 20], [12, 12]])
    )


def test_a_file_of_another_probe_or_none_says_nothing(tmp_path):
    assert read_contacts(tmp_path / "probe.json", POSITIONS) is None
    write(tmp_path)
    assert read_contacts(tmp_path / "probe.json", POSITIONS + 50) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"contact_shapes": ["circle"]},
        {"contact_shape_params": [{}] * 4},
        {"contact_positions": "x"},
        {"si_units": "ft"},
    ],
)
def test_a_file_that_cannot_be_read_says_nothing(tmp_path, changes):
    write(tmp_path, **changes)
    assert read_contacts(tmp_path / "probe.json", POSITIONS) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"probes": []}', '{"probes": [3]}'])
def test_neither_does_one_that_is_no_probe(tmp_path, text):
    (tmp_path / "probe.json").write_text(text)
    assert read_contacts(tmp_path / "probe.json", POSITIONS) is None


def test_a_simulated_dataset_tells_of_its_contacts(simulated_dataset):
    session = Session.open(simulated_dataset)
    contacts = session.data.contacts
    assert (contacts.size_um == CONTACT_WIDTH_UM).all() and len(contacts.size_um) == session.data.n_channels
    session.close()
