"""Estimates through the one function, with their files, figures and hints."""

from __future__ import annotations

import json

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion import hints as hints_module
from phy_medicine.compute.motion.estimate import Estimate
from phy_medicine.compute.motion.hints import hints
from phy_medicine.compute.motion.medicine import run_medicine
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.outputs import load_motion, save_motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.selection import Trial
from phy_medicine.compute.motion.settings import MedicineSettings

FILES = {"motion.npy", "time_bins.npy", "depth_bins.npy", "medicine_parameters.json", "motion_summary.json"}
FIGURES = {
    "raw_raster_and_amplitudes.png", "training_loss.png", "depth_amplitude_distributions.png",
    "predicted_motion.png", "corrected_motion_raster.png",
}  # fmt: skip
EXACT = {
    "exact": True, "device": "cpu", "training_steps": 30, "motion_noise_steps": 10, "batch_size": 64,
    "activity_network_hidden_features": (8,),
}  # fmt: skip


def true_motion(times: np.ndarray) -> np.ndarray:
    return np.abs(np.asarray(times) - 30) * 2 - 30


@pytest.fixture(scope="module")
def peaks() -> Peaks:
    """Peaks of 15 units that move down by 60 µm and up again in 60 s."""
    rng = np.random.default_rng(3)
    units, amplitudes = rng.uniform(0, 1000, 15), rng.uniform(50, 300, 15)
    times, unit = rng.uniform(100, 160, 20_000), rng.integers(0, 15, 20_000)
    depths = units[unit] + true_motion(times - 100) + rng.normal(0, 3, times.size)
    return Peaks(times, depths, -amplitudes[unit] * rng.normal(1, 0.05, times.size))


def arrays(peaks: Peaks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return peaks.times_s, peaks.depths_um, peaks.amplitudes


def error(motion: Motion, depth_um: float = 500.0) -> float:
    times = np.arange(102, 158.0)
    difference = motion.at(times, depth_um) - true_motion(times - 100)
    return float(np.abs(difference - np.median(difference)).max())


def test_the_fast_solver_is_the_default_and_finds_the_motion(peaks, tmp_path):
    fractions: list[float] = []
    motion = run_medicine(*arrays(peaks), tmp_path / "out", progress=lambda f, _text: fractions.append(f))
    assert error(motion) < 3
    assert {p.name for p in (tmp_path / "out").iterdir()} == FILES | FIGURES
    assert fractions == sorted(fractions) and fractions[-1] == 1
    summary = json.loads((tmp_path / "out" / "motion_summary.json").read_text())
    assert summary["solver"] == "fast" and summary["hints"] == []
    assert summary["sharpness_after"]["rho_all"] > summary["sharpness_before"]["rho_all"] + 0.3
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_files_are_those_of_the_returned_motion_on_the_grid_of_the_specification(peaks, tmp_path):
    motion = run_medicine(*arrays(peaks), tmp_path, num_depth_bins=3, plot_figures=False)
    assert {p.name for p in tmp_path.iterdir()} == FILES
    assert (np.load(tmp_path / "motion.npy") == motion.displacement).all()
    times, depths = np.load(tmp_path / "time_bins.npy"), np.load(tmp_path / "depth_bins.npy")
    assert times == pytest.approx(peaks.times_s.min() - 1e-3 + np.arange(60), abs=1e-6)
    assert depths == pytest.approx(np.linspace(peaks.depths_um.min(), peaks.depths_um.max(), 3))
    assert motion.displacement.shape == (60, 3)
    parameters = json.loads((tmp_path / "medicine_parameters.json").read_text())
    assert parameters["num_depth_bins"] == 3 and parameters["motion_bound"] == 800
    assert parameters["activity_network_hidden_features"] == [256, 256]
    assert load_motion(tmp_path).displacement.tolist() == motion.displacement.tolist()


def test_the_exact_model_writes_the_same_files(peaks, tmp_path):
    motion = run_medicine(*arrays(peaks), tmp_path, **EXACT)
    assert {p.name for p in tmp_path.iterdir()} == FILES | FIGURES
    assert motion.displacement.shape == (60, 2)


def test_without_a_folder_nothing_is_written_and_figures_cannot_be_asked_for(peaks):
    assert run_medicine(*arrays(peaks), num_depth_bins=1).displacement.shape == (60, 1)
    with pytest.raises(PhyMedError, match="plot_figures needs an output_dir"):
        run_medicine(*arrays(peaks), plot_figures=True)


@pytest.mark.parametrize("options", [{}, EXACT])
def test_cancelling_leaves_no_file(peaks, tmp_path, options):
    with pytest.raises(Cancelled):
        run_medicine(*arrays(peaks), tmp_path / "out", cancelled=lambda: True, **options)
    assert list(tmp_path.iterdir()) == []


def test_the_cut_by_amplitude_reaches_the_solver(peaks):
    rng = np.random.default_rng(0)
    n = 20_000
    times = np.concatenate([peaks.times_s, rng.uniform(100, 160, n)])
    depths = np.concatenate([peaks.depths_um, np.repeat(rng.uniform(0, 1000, 40), n // 40)])
    amplitudes = np.concatenate([peaks.amplitudes, rng.uniform(-20, -10, n)])
    # Half of all peaks are weak ones that never move.
    assert error(run_medicine(times, depths, amplitudes, amplitude_threshold_quantile=0.5, num_depth_bins=1)) < 3


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(PhyMedError, match="is a file"):
        save_motion(tmp_path / "out", Motion([[0.0]], [0.0], [0.0]), {})


def test_a_figure_that_fails_leaves_the_old_files(tmp_path):
    save_motion(tmp_path / "out", Motion([[1.0]], [0.0], [0.0]), {})

    def fail(_folder):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        save_motion(tmp_path / "out", Motion([[2.0]], [0.0], [0.0]), {}, draw=fail)
    assert load_motion(tmp_path / "out").displacement.tolist() == [[1.0]]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_folder_without_a_motion_says_what_is_missing(tmp_path):
    with pytest.raises(PhyMedError, match=r"motion\.npy is missing"):
        load_motion(tmp_path)


# Hints


def none_of(peaks: Peaks, n_levels: int = 1) -> Motion:
    return Motion(np.zeros((60, n_levels)), 100 + np.arange(60.0), np.linspace(0, 1000, n_levels))


def truth_of(peaks: Peaks) -> Motion:
    times = 100 + np.arange(61.0)
    return Motion(true_motion(times - 100)[:, None], times, [0.0])


def told(motion: Motion, peaks: Peaks, *, saturation: float = 0.0, solver: str = "exact", **settings: object) -> str:
    estimate = Estimate(motion, solver, saturation=saturation)
    return " | ".join(hints(estimate, peaks, MedicineSettings.of(**settings)))


def test_a_good_motion_needs_no_hint(peaks):
    assert told(truth_of(peaks), peaks, exact=True, num_depth_bins=1) == ""


def test_a_motion_at_its_bound_hints_at_the_bound(peaks):
    assert "make motion_bound larger" in told(truth_of(peaks), peaks, saturation=0.02, num_depth_bins=1)


def test_motion_that_is_left_hints_at_the_smoothing(peaks):
    assert "make time_kernel_width smaller" in told(none_of(peaks), peaks, exact=True, num_depth_bins=1)


def test_levels_without_a_gain_hint_at_a_rigid_motion(peaks):
    times = 100 + np.arange(61.0)
    two = Motion(np.repeat(true_motion(times - 100)[:, None], 2, axis=1), times, [0.0, 1000.0])
    assert "set num_depth_bins to 1" in told(two, peaks, exact=True, num_depth_bins=2)


def test_motion_that_bends_hints_at_more_levels():
    rng = np.random.default_rng(5)
    units, times = rng.uniform(0, 1500, 60), rng.uniform(0, 60, 40_000)
    unit = rng.integers(0, 60, times.size)
    depths = units[unit] + 30 * np.sin(times / 8) * (units[unit] / 1500) + rng.normal(0, 2, times.size)
    bent = Peaks(times, depths, rng.uniform(50, 100, 60)[unit])
    rigid = Motion(15 * np.sin(np.arange(60.0) / 8)[:, None], np.arange(60.0), [0.0])
    assert "set num_depth_bins to" in told(rigid, bent, solver="fast", num_depth_bins=1)


def trial(n_levels: int, stripes: list[float]) -> Trial:
    return Trial(n_levels, 4.0, ((4.0, 0.0),), sum(stripes) / 1000, np.array(stripes), 1000)


@pytest.mark.parametrize(
    ("n_levels", "gains", "hint"),
    [
        (1, [50.0, -40.0, 45.0, -35.0], ""),  # 0.02 nats a peak, but by chance
        (1, [0.3, 0.2, 0.3, 0.2], "more than 1 level can follow (held-out peaks gain 0.0010 nats with 3)"),
        (3, [0.3, 0.2, 0.3, 0.2], ""),
        (3, [50.0, -40.0, 45.0, -35.0], "do not surely gain from a motion that depends on depth (+0.0200 nats"),
        (5, [-0.3, -0.2, -0.3, -0.2], "do not surely gain from a motion that depends on depth (-0.0010 nats"),
    ],
)
def test_levels_are_compared_by_what_is_more_than_chance(peaks, monkeypatch, n_levels, gains, hint):
    rest = [100.0, 300.0, -200.0, 50.0]
    trials = trial(1, rest), trial(3, [a + b for a, b in zip(rest, gains, strict=True)])
    monkeypatch.setattr(hints_module, "_trials", lambda _peaks, _settings: trials)
    monkeypatch.setattr(hints_module, "_of_rest", lambda *_: ())
    text = told(none_of(peaks, n_levels), peaks, num_depth_bins=n_levels)
    assert hint in text and bool(text) == bool(hint)


def test_levels_that_cannot_be_compared_are_not_spoken_of(peaks, monkeypatch):
    monkeypatch.setattr(hints_module, "_trials", lambda _peaks, _settings: (trial(1, [0.0]),))
    monkeypatch.setattr(hints_module, "_of_rest", lambda *_: ())
    assert told(none_of(peaks, 2), peaks, num_depth_bins=2) == ""


def test_few_peaks_hint_at_a_longer_time(peaks):
    few = peaks.sample(500)
    assert "peaks in a median time bin" in told(truth_of(few), few, solver="dredge")


def test_weak_peaks_that_stay_hint_at_the_cut(peaks):
    rng = np.random.default_rng(0)
    n = 8000
    times = np.concatenate([peaks.times_s, rng.uniform(100, 160, n)])
    depths = np.concatenate([peaks.depths_um, np.repeat(rng.uniform(0, 1000, 20), n // 20) + rng.normal(0, 2, n)])
    amplitudes = np.concatenate([peaks.amplitudes, rng.uniform(-20, -10, n)])
    both = Peaks(times, depths, amplitudes)
    assert "amplitude_threshold_quantile to 0.25" in told(truth_of(both), both, solver="dredge")
    cut = told(truth_of(both), both, solver="dredge", amplitude_threshold_quantile=0.3)
    assert "amplitude_threshold_quantile" not in cut


def test_bursts_of_strong_peaks_hint_at_a_negative_cut():
    rng = np.random.default_rng(1)
    times = np.concatenate([rng.uniform(0, 300, 20_000), rng.uniform(120, 121, 150)])
    amplitudes = np.concatenate([rng.uniform(50, 100, 20_000), np.full(150, 900.0)])
    burst = Peaks(times, rng.uniform(0, 1000, times.size), amplitudes)
    assert "amplitude_threshold_quantile to -0.01" in told(none_of(burst), burst, solver="dredge")
