from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.io.alignment import template_shift
from phy_medicine.io.describe import describe
from phy_medicine.io.template_model import TemplateModel
from tests.io import miniatures as mini


def planted(folder: Path, shift: int) -> TemplateModel:
    """A dataset whose raw spikes come some samples later than its templates say."""
    params = mini.plain(folder, whitening_mat__npy=None, whitening_mat_inv__npy=None)
    raw = np.random.default_rng(0).normal(0, 20, (mini.N_RECORDED, mini.N_COLUMNS)) + 300
    for sample, template_id in zip(mini.spike_times(), mini.spike_templates(), strict=True):
        start = sample - mini.N_SAMPLES // 2 + shift
        raw[start : start + mini.N_SAMPLES, mini.CHANNEL_MAP] += 40 * mini.dense_templates()[template_id]
    raw.astype(np.int16).tofile(folder / "recording.dat")
    return TemplateModel.open(params)


@pytest.mark.parametrize("shift", [-3, 0, 5])
def test_the_shift_of_the_templates_is_measured(tmp_path: Path, shift: int):
    model = planted(tmp_path, shift)
    assert template_shift(model) == shift
    assert describe(model).template_shift == shift


def test_without_raw_data_there_is_no_shift(tmp_path: Path):
    assert template_shift(TemplateModel.open(mini.spikeinterface(tmp_path))) is None


@pytest.mark.parametrize(("name", "shift"), [("kilosort4_small", 10), ("si_export_small", 15)])
def test_real_exporters_draw_the_trough_early(shared_data: Path, name: str, shift: int):
    assert template_shift(TemplateModel.open(shared_data / name)) == shift
