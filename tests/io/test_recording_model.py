"""A raw recording as a dataset without spikes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.io.channels import Channels
from phy_medicine.io.model import Model
from phy_medicine.io.raw_file import RawFile
from phy_medicine.io.recording_model import RecordingModel

DATA = np.random.default_rng(3).integers(-500, 500, (400, 6)).astype(np.int16)


@dataclass(frozen=True)
class Stretches:
    """A recording that is no file of plain numbers."""

    n_samples: int = len(DATA)
    n_channels: int = DATA.shape[1]
    sample_rate: float = 1000.0

    def read(self, start: int, stop: int) -> AnyArray:
        assert 0 <= start <= stop <= self.n_samples
        return DATA[start:stop] * np.float32(0.5)


def channels(columns: list[int]) -> Channels:
    n = len(columns)
    places = np.column_stack([np.zeros(n), 20.0 * np.arange(n)])
    return Channels(np.array(columns), places, np.zeros(n, np.int32), np.zeros(n, np.int32))


def model_of(folder: Path, columns: list[int], *, plain: bool) -> RecordingModel:
    path = folder / "raw.bin"
    path.write_bytes(DATA.tobytes())
    raw = RawFile((path,), DATA.shape[1], 1000.0, np.ones(DATA.shape[1]))
    recorded = raw.open(0.0) if plain else Stretches()
    return RecordingModel(path, recorded, raw, channels(columns), notes=["It is short."])


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[bool, RecordingModel]:
    return {plain: model_of(tmp_path_factory.mktemp("raw"), [4, 0, 2], plain=plain) for plain in (True, False)}


@given(st.booleans(), st.integers(-50, 450), st.integers(0, 300), st.lists(st.integers(-1, 2), max_size=4))
def test_any_stretch_of_any_channels_is_what_lies_in_the_file(models, plain, start, n, ids):
    traces, scale = models[plain].traces, 1.0 if plain else 0.5
    wide = np.zeros((2000, 3))
    wide[500 : 500 + len(DATA)] = DATA[:, [4, 0, 2]] * scale
    expected = wide[500 + start : 500 + start + n]
    np.testing.assert_array_equal(traces.read(start, start + n), expected)
    chosen: IntArray = np.array(ids, dtype=np.int64)
    slow = np.stack([expected[:, i] if i >= 0 else np.zeros(n) for i in ids], 1) if ids else np.zeros((n, 0))
    np.testing.assert_array_equal(traces.read(start, start + n, chosen), slow)


def test_there_are_no_spikes_and_all_of_a_model(models):
    model: Model = models[True]
    assert (model.n_spikes, model.n_templates, len(model.spike_clusters)) == (0, 0, 0)
    assert (model.name, model.duration_s, model.channel_labels) == ("raw.bin", 0.4, ("4", "0", "2"))
    assert model.features is model.templates is model.amplitudes is model.spike_times_reordered is None
    assert [str(check) for check in model.checks] == ["raw.bin: It is short."]


def test_the_shapes_of_contacts_come_from_the_named_file_only(models):
    model = models[True]
    (model.dir_path / "probe.json").write_text("{}")  # of another recording
    assert model.probe_path is None


def test_it_is_described_in_words_and_numbers(models):
    described = models[True].describe()
    assert described.to_dict() == {
        "path": str(models[True].path), "duration_s": 0.4, "sample_rate": 1000.0, "dtype": "int16", "n_channels": 3,
        "n_columns": 6, "n_shanks": 1, "notes": ["It is short."],
    }  # fmt: skip
    assert "3 shown of 6 in the file, one shank" in described.to_text()
    assert described.to_text().endswith("\nIt is short.") and "short" not in described.to_text(remarks=False)
