from __future__ import annotations

import json

import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import params_of
from phy_medicine.compute.motion.settings import MedicineSettings, WholeNumbers

DEFAULTS = {
    "motion_bound": 800,
    "time_bin_size": 1,
    "time_kernel_width": 30,
    "activity_network_hidden_features": (256, 256),
    "num_depth_bins": 2,
    "amplitude_threshold_quantile": 0,
    "batch_size": 4096,
    "training_steps": 10000,
    "initial_motion_noise": 0.1,
    "motion_noise_steps": 2000,
    "optimizer": "Adam",
    "learning_rate": 0.0005,
    "epsilon": 0.001,
    "plot_figures": True,
}


def test_names_and_defaults_are_those_of_medicine():
    settings = MedicineSettings()
    assert {name: getattr(settings, name) for name in DEFAULTS} == DEFAULTS


def test_every_setting_has_help_and_every_advice_a_setting():
    table = {param.name: param.help for param in params_of(MedicineSettings)}
    assert all(len(text) > 15 for text in table.values())
    assert set(MedicineSettings.advice) < set(table)


def test_levels_and_smoothing_that_are_asked_for_are_taken():
    assert MedicineSettings().chooses_levels
    assert not MedicineSettings.of(num_depth_bins=2).chooses_levels
    assert not MedicineSettings(num_depth_bins=5).chooses_levels
    assert not MedicineSettings(exact=True).chooses_levels
    assert MedicineSettings().chooses_smoothing and not MedicineSettings.of(time_kernel_width=30).chooses_smoothing
    assert MedicineSettings.of(num_depth_bins=2, choose_depth_bins=True).chooses_levels


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"motion_bound": -1}, "motion_bound must be at least"),
        ({"amplitude_threshold_quantile": 1.0}, "between -1 and 1 and be neither"),
        ({"amplitude_threshold_quantile": float("nan")}, "must lie between"),
        ({"exact": True, "training_steps": 100}, "training_steps must be more than motion_noise_steps"),
        ({"optimizer": "Nothing"}, "optimizer must be one of Adam"),
        ({"activity_network_hidden_features": "0"}, "must be WholeNumbers"),
        ({"widths": 3}, "Unknown setting widths"),
    ],
)
def test_values_that_make_no_sense_are_refused(values, words):
    with pytest.raises(PhyMedError, match=words):
        MedicineSettings.of(**values)


@pytest.mark.parametrize("given", ["64,32", "(64, 32)", [64, 32], (64.0, 32)])
def test_sizes_can_be_typed(given):
    assert MedicineSettings.of(activity_network_hidden_features=given).activity_network_hidden_features == (64, 32)
    assert str(WholeNumbers(given)) == "64, 32"


def test_settings_survive_json():
    settings = MedicineSettings.of(num_depth_bins=3, activity_network_hidden_features=(8,), seed=4)
    assert MedicineSettings.of(**json.loads(json.dumps(settings.as_dict()))) == settings
