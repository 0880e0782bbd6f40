"""The description of a dataset for another process."""

from __future__ import annotations

import pytest

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.dataset_file import open_dataset, write_dataset
from phy_medicine.io.open_model import open_model


def test_a_description_opens_the_same_dataset(dataset, tmp_path):
    model = open_model(dataset)
    found = open_dataset(write_dataset(tmp_path / "dataset.json", model))
    assert found.path == model.path and found.n_spikes == model.n_spikes and found.traces is not None


def test_a_raw_file_that_changed_or_went_is_refused(dataset, tmp_path):
    described = write_dataset(tmp_path / "dataset.json", open_model(dataset))
    (dataset.parent / "recording.dat").unlink()
    with pytest.raises(DatasetError, match=r"recording\.dat changed since the computation was asked for"):
        open_dataset(described)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"path": 3, "files": {}}'])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(DatasetError, match="does not describe a dataset"):
        open_dataset(tmp_path / "dataset.json")
