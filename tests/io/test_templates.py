from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.io.template_model import TemplateModel
from phy_medicine.io.templates import repeated
from tests.io import miniatures as mini


def slow_best_channels(template: np.ndarray, positions: np.ndarray, shanks: np.ndarray, n: int, share: float) -> list:
    """The six steps of the format description, one after the other."""
    amplitude = template.max(axis=0) - template.min(axis=0)
    peak = int(np.argmax(amplitude))
    distance = [float(((p - positions[peak]) ** 2).sum()) for p in positions]
    near = sorted(range(len(distance)), key=lambda c: (distance[c], c))[:n]
    kept = [c for c in near if shanks[c] == shanks[peak] and amplitude[c] >= share * amplitude[peak]]
    return sorted(kept, key=lambda c: (-amplitude[c], c))


@pytest.mark.parametrize(("n", "share"), [(12, 0.0), (3, 0.0), (8, 0.5), (5, 1.0)])
def test_best_channels_of_dense_templates_follow_the_rule(tmp_path: Path, n: int, share: float):
    shanks = np.array([0, 0, 0, 0, 0, 1, 1, 1])
    templates = mini.dense_templates() * (1 + 0.013 * np.arange(8, dtype=np.float32))  # no two channels alike
    params = mini.plain(tmp_path, channel_shanks__npy=shanks, templates__npy=templates)
    params.write_text(f"{params.read_text()}n_closest_channels = {n}\namplitude_threshold = {share}\n")
    model = TemplateModel.open(params)
    for i, template in enumerate(templates @ np.linalg.inv(mini.whitening())):
        expected = slow_best_channels(template, mini.channel_positions(), shanks, n, share)
        shown = model.template(i)
        assert shown.channel_ids.tolist() == model.template_channels(i).tolist() == expected
        assert np.allclose(shown.data, template[:, expected], rtol=1e-6)
        assert np.allclose(shown.amplitudes, np.ptp(template[:, expected], axis=0), rtol=1e-6)


def test_template_scaling_multiplies_templates_and_amplitudes(tmp_path: Path):
    params = mini.plain(tmp_path)
    before = TemplateModel.open(params)
    params.write_text(params.read_text() + "template_scaling = 2.5\n")
    after = TemplateModel.open(params)
    assert np.allclose(after.template_amplitudes, 2.5 * before.template_amplitudes)
    assert np.allclose(after.template(1).data, 2.5 * before.template(1).data)


def test_a_template_on_chosen_channels_keeps_their_order(tmp_path: Path):
    model = TemplateModel.open(mini.circus(tmp_path))
    shown = model.template(0, np.array([5, 0]))
    assert shown.channel_ids.tolist() == [5, 0]
    assert not shown.data[:, 0].any()
    assert shown.data[:, 1].tolist() == mini.dense_templates()[0, :, 0].tolist()


def test_sparse_templates_are_unwhitened_by_their_part_of_the_matrix(tmp_path: Path):
    local = mini.local_channels()
    data = np.take_along_axis(mini.dense_templates(), local[:, np.newaxis, :], axis=2)
    model = TemplateModel.open(mini.plain(tmp_path, templates__npy=data, template_ind__npy=local))
    inverse = np.linalg.inv(mini.whitening())
    for i in range(mini.N_TEMPLATES):
        expected = data[i] @ inverse[np.ix_(local[i], local[i])]
        order = np.argsort(-np.ptp(expected, axis=0), kind="stable")
        shown = model.template(i)
        assert shown.channel_ids.tolist() == local[i][order].tolist()
        assert np.allclose(shown.data, expected[:, order], rtol=1e-5)


def test_sparse_columns_without_signal_or_channel_are_left_out(tmp_path: Path):
    local = mini.local_channels()
    data = np.take_along_axis(mini.dense_templates(), local[:, np.newaxis, :], axis=2)
    data[2, :, 1] = 1e-9
    local[2, 3] = -1
    model = TemplateModel.open(mini.plain(tmp_path, templates__npy=data, template_ind__npy=local))
    assert sorted(model.template_channels(2).tolist()) == sorted(local[2, [0, 2]].tolist())


def test_two_channels_of_almost_the_same_amplitude_are_told_apart(tmp_path: Path):
    templates = np.zeros((5, 21, 8), dtype=np.float64)
    templates[:, 10, 4] = -1
    templates[:, 10, 6] = -1 - 1e-6
    params = mini.plain(tmp_path, templates__npy=templates)
    assert TemplateModel.open(params).template_peak_channels.tolist() == [6] * 5


def test_templates_of_one_channel(tmp_path: Path):
    params = mini.plain(
        tmp_path,
        channel_map__npy=np.array([[3]]),
        channel_positions__npy=np.array([0.0, 0.0]),
        templates__npy=mini.dense_templates()[:, :, 0],
        whitening_mat__npy=np.array([[2.0]]),
        whitening_mat_inv__npy=np.array(0.5),
        pc_features__npy=mini.pc_features()[:, :, 0],
        pc_feature_ind__npy=np.zeros(5),
    )
    model = TemplateModel.open(params)
    assert [check for check in model.checks if check.severity == "warning"] == []
    assert np.allclose(model.template(4).data[:, 0], mini.dense_templates()[4, :, 0] / 2)
    assert model.features.get(np.array([3]), np.array([0])).tolist() == [[mini.pc_features()[3, :, 0].tolist()]]


def test_repeated_entries_of_a_row_are_marked_after_the_first():
    index = np.array([[3, 1, 3, 3], [0, 1, 2, 0], [5, 4, 3, 2]])
    assert repeated(index).astype(int).tolist() == [[0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
