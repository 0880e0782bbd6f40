"""Training of small networks on a few spikes: it learns, it can be interrupted, it cannot collapse unnoticed."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.localize.motions import compare_motions
from phy_medicine.compute.localize.network_settings import NetworkSettings
from phy_medicine.compute.localize.pictures import Grid
from phy_medicine.compute.motion.motion import Motion
from tests.compute.localize.sources_in_front import CONTACTS, make_examples

torch = pytest.importorskip("torch")
joint = import_module("phy_medicine.compute.localize.joint")
training = import_module("phy_medicine.compute.localize.train")
features = import_module("phy_medicine.compute.localize.features")
guard = import_module("phy_medicine.compute.localize.guard")

SMALL = NetworkSettings(
    pretrain_epochs=3, pretrain_batch=64, rounds=2, joint_epochs=2, joint_batch=256, least_spikes=5, held_out=0.2,
    same_um=0.0, joint_rate=1e-4, joint_last_rate=1e-4, most_moved=0.0,
)  # fmt: skip


def sine(times_s, depths_um, amplitudes):
    """An estimate of the motion that sees the truth, and the depths only as far as they are finite."""
    assert np.isfinite(depths_um).all() and (amplitudes > 0).all()
    at = np.arange(61.0)
    return Motion(10 * np.sin(2 * np.pi * at / 60)[:, None], at, np.array([0.0]))


class Stop(Exception):
    """Somebody cancelled."""


def hooks_that_end_after(n_checks):
    left = [n_checks]

    def progress(fraction, text):
        assert 0 <= fraction < 1
        left[0] -= 1
        if left[0] < 0:
            raise Stop

    return training.TrainingHooks(progress)


def test_pretraining_comes_nearer_than_the_centre_of_mass(tmp_path):
    examples, _ = make_examples(900)
    settings = NetworkSettings(phases="pretrain", pretrain_epochs=12, pretrain_batch=128, held_out=0.1)
    trained = joint.train(examples, settings, tmp_path)
    held = trained.trainer.held_out
    weights = np.ptp(examples.waveforms, axis=2)[held]
    places = contacts_of(examples)[held]
    centre = (weights[:, :, None] * places).sum(axis=1) / weights.sum(axis=1)[:, None]
    truth = examples.monopolar.um[held]
    rmse = np.sqrt(((np.pad(centre, [(0, 0), (0, 1)]) - truth) ** 2).sum(axis=1).mean())
    assert 60 < held.sum() < 120
    assert trained.facts["pretrain_rmse_um"] < 0.6 * rmse
    assert trained.facts["pretrain_losses"][-1] < 0.3 * trained.facts["pretrain_losses"][0]


def contacts_of(examples):
    """Places of the ten contacts of each spike, (n, 10, 2), by its anchor."""
    from phy_medicine.compute.localize.examples import network_neighbours

    table = network_neighbours(CONTACTS)
    channel = np.argmin(np.abs(table.anchors_um[None] - examples.anchors_um[:, None]).sum(axis=2), axis=1)
    return table.positions_um[channel]


def test_the_joint_phase_makes_the_picture_steadier_and_stays_near_the_truth(tmp_path):
    examples, truth = make_examples(1500, noise=0.25)
    settings = replace(
        SMALL,
        pretrain_epochs=6,
        joint_epochs=3,
        joint_rate=3e-4,
        joint_last_rate=3e-4,
        joint_layers="all",
        tether_weight=10.0,
        tether_z=1.0,
    )
    trained = joint.train(examples, settings, tmp_path, estimate=sine)
    grid = Grid.around(CONTACTS.positions_um)
    both = trained.pretrained_um, trained.positions_um
    before, after = (joint.score(examples.times_s, um, sine_motion(), grid, settings) for um in both)
    error_before, error_after = (np.median(np.linalg.norm((um - truth)[:, :2], axis=1)) for um in both)
    assert after.rho > before.rho + 0.02
    assert after.entropy > 0.95 * before.entropy
    assert error_after < error_before + 0.5
    assert 0 < max(joint.weight_changes(trained).values()) < 1


def sine_motion():
    return sine(np.zeros(1), np.zeros(1), np.ones(1))


@pytest.mark.parametrize(("network", "n_checks"), [("cnn", 0), ("cnn", 7), ("cnn", 14), ("transformer", 10)])
def test_interrupted_and_resumed_is_the_same_as_uninterrupted(tmp_path, network, n_checks):
    # Three epochs of four batches, then two rounds of two epochs of two or three runs.
    examples, _ = make_examples(240 if network == "cnn" else 60)
    batch = 64 if network == "cnn" else 16
    settings = replace(SMALL, network=network, strength=True, pretrain_batch=batch, least_spikes=1)
    folders = tmp_path / "whole", tmp_path / "broken"
    for folder in folders:
        folder.mkdir()
    whole = joint.train(examples, settings, folders[0], estimate=sine)
    with pytest.raises(Stop):
        joint.train(examples, settings, folders[1], estimate=sine, hooks=hooks_that_end_after(n_checks))
    resumed = joint.train(examples, settings, folders[1], estimate=sine)
    for name, value in whole.trainer.networks_weights().items():
        np.testing.assert_array_equal(value, resumed.trainer.networks_weights()[name], err_msg=name)
    np.testing.assert_array_equal(whole.positions_um, resumed.positions_um)
    assert whole.facts == resumed.facts


def test_a_finished_training_is_not_done_again(tmp_path):
    examples, _ = make_examples(300)
    first = joint.train(examples, SMALL, tmp_path, estimate=sine)
    again = joint.train(examples, SMALL, tmp_path, estimate=sine, hooks=hooks_that_end_after(0))
    np.testing.assert_array_equal(first.positions_um, again.positions_um)


def test_a_checkpoint_of_other_spikes_or_settings_is_refused(tmp_path):
    examples, _ = make_examples(300)
    settings = replace(SMALL, phases="pretrain", pretrain_epochs=1)
    joint.train(examples, settings, tmp_path)
    with pytest.raises(PhyMedError, match="other settings or spikes"):
        joint.train(examples, replace(settings, seed=1), tmp_path)
    with pytest.raises(PhyMedError, match="other settings or spikes"):
        joint.train(make_examples(300, seed=2)[0], settings, tmp_path)
    (tmp_path / training.CHECKPOINT).write_bytes(b"broken")
    with pytest.raises(PhyMedError, match="Could not read"):
        joint.train(examples, settings, tmp_path)


def test_a_motion_that_stays_the_same_ends_the_rounds(tmp_path):
    examples, _ = make_examples(300)
    settings = replace(SMALL, rounds=5, same_um=2.0, least_gain=2.0)
    trained = joint.train(examples, settings, tmp_path, estimate=sine)
    assert trained.facts["ended"] == "the motion stayed the same"
    assert len(trained.facts["rounds"]) == 1


def test_rounds_go_on_while_the_likeness_grows_though_the_motion_stays(tmp_path, monkeypatch):
    examples, _ = make_examples(300)
    likeness = iter([0.50, 0.54, 0.57, 0.5705, 0.9])
    monkeypatch.setattr(joint.JointPhase, "_scores", lambda phase: {"rho": next(likeness), "entropy": 5.0})
    settings = replace(SMALL, rounds=5, same_um=2.0, least_gain=0.002)
    trained = joint.train(examples, settings, tmp_path, estimate=sine)
    assert trained.facts["ended"] == "the motion stayed the same"
    assert len(trained.facts["rounds"]) == 3


def test_a_round_that_moves_spikes_further_than_noise_explains_is_taken_back(tmp_path):
    examples, _ = make_examples(600, noise=0.25)
    settings = replace(SMALL, pretrain_epochs=6, joint_epochs=3, tether_weight=0.0, joint_rate=1e-2, most_moved=1.0)
    trained = joint.train(examples, settings, tmp_path, estimate=sine)
    assert trained.facts["ended"].startswith("round 1 was taken back: spikes moved in ")
    np.testing.assert_array_equal(trained.positions_um, trained.pretrained_um)


def test_how_far_spikes_moved_is_told_in_units_of_what_two_methods_disagree():
    before = np.zeros((5, 3))
    fit = np.array([[2.0, 1.0, 9.0]] * 4 + [[np.nan] * 3])
    now = np.array([[1.0, 3.0, 0.0]] * 4 + [[99.0] * 3])
    assert guard.moved(now, before, fit) == {"moved_x": 0.5, "moved_depth": 3.0}
    assert guard.moved(now[4:], before[4:], fit[4:]) == {"moved_x": 0.0, "moved_depth": 0.0}


@pytest.mark.parametrize("network", ["cnn", "transformer"])
def test_steps_of_the_head_are_those_of_a_network_whose_other_layers_are_frozen(tmp_path, network):
    examples, _ = make_examples(240)
    heads = []
    for layers in ("head", "all"):
        folder = tmp_path / layers
        folder.mkdir()
        settings = replace(SMALL, network=network, pretrain_epochs=0, joint_layers=layers, weight_decay=0.0)
        trainer = training.Trainer(examples, settings, folder)
        for name, parameter in trainer.network.named_parameters():
            parameter.requires_grad_(name.startswith("head"))
        phase = joint.JointPhase(trainer, sine)
        phase.steps.epoch(sine_motion())
        heads.append(trainer.networks_weights())
    for name, value in heads[0].items():
        np.testing.assert_allclose(value, heads[1][name], atol=2e-5, err_msg=name)


def test_features_are_the_same_whether_kept_or_computed_anew(tmp_path, monkeypatch):
    examples, _ = make_examples(120)
    trainer = training.Trainer(examples, replace(SMALL, pretrain_epochs=0), tmp_path)
    spikes = torch.tensor([3, 100, 7])
    kept = features.Features(trainer)(spikes)
    monkeypatch.setattr(features, "MOST_BYTES", 0)
    np.testing.assert_allclose(kept, features.Features(trainer)(spikes), atol=1e-5)
    assert kept.shape == (3, 704)
    with torch.no_grad():
        whole = trainer.network(trainer.waveforms(spikes))
        np.testing.assert_allclose(trainer.network.head(kept), whole, atol=1e-5)


def test_a_round_in_which_the_entropy_falls_is_taken_back(tmp_path, monkeypatch):
    examples, _ = make_examples(300)
    one_round = joint.train(examples, replace(SMALL, rounds=1), tmp_path, estimate=sine)
    (tmp_path / training.CHECKPOINT).unlink()
    entropies, seen = iter([5.0, 4.8, 4.2]), []
    monkeypatch.setattr(joint.JointPhase, "_scores", lambda phase: {"rho": 0.5, "entropy": next(entropies)})
    settings = replace(SMALL, rounds=3, most_entropy_loss=0.15)
    trained = joint.train(examples, settings, tmp_path, estimate=sine, hooks=training.TrainingHooks(log=seen.append))
    assert trained.facts["ended"] == (
        "round 2 was taken back: the positions collapsed, their entropy fell to 4.20, below 4.25"
    )
    assert seen[-1] == f"Training ends, {trained.facts['ended']}."
    np.testing.assert_array_equal(trained.positions_um, one_round.positions_um)


def test_fine_tuning_keeps_the_motion_of_the_monopolar_positions(tmp_path):
    examples, _ = make_examples(400)
    given = []

    def estimate(times_s, depths_um, amplitudes):
        given.append(depths_um)
        return sine(times_s, depths_um, amplitudes)

    settings = replace(SMALL, phases="finetune", finetune_epochs=3, most_spikes=100)
    trained = joint.train(examples, settings, tmp_path, estimate=estimate)
    assert len(given) == 1
    np.testing.assert_array_equal(given[0], examples.monopolar.um[:, 1])
    assert len(trained.facts["losses"]) >= 3
    assert trained.facts["ended"] == "all rounds are done"


def test_every_spike_of_the_trained_part_is_used_once_in_an_epoch(tmp_path):
    examples, _ = make_examples(700)
    trainer = training.Trainer(examples, replace(SMALL, pretrain_epochs=0, joint_batch=64), tmp_path)
    batches = list(joint.JointPhase(trainer, sine).steps.batches())
    assert sorted(np.concatenate(batches).tolist()) == np.flatnonzero(~trainer.held_out).tolist()
    assert max(map(len, batches)) <= 64
    assert max(np.ptp(examples.times_s[b.numpy()]) for b in batches) <= 40.0


def test_motions_are_compared_without_their_means():
    a = sine_motion()
    b = Motion(a.displacement * 1.1 + 40.0, a.temporal_bins_s, a.spatial_bins_um)
    correlation, rms = compare_motions(a, b)
    assert correlation == pytest.approx(1.0)
    assert rms == pytest.approx(1.0 / np.sqrt(2), rel=0.02)


def test_nothing_to_learn_from_is_said(tmp_path):
    examples, _ = make_examples(50)
    with pytest.raises(PhyMedError, match="No spike is left"):
        joint.train(replace(examples, learn=np.zeros(50, bool)), SMALL, tmp_path)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card with CUDA")
def test_a_card_gives_what_the_processor_gives(tmp_path):
    from phy_medicine.compute.localize.apply import predict

    examples, _ = make_examples(800)
    settings = replace(SMALL, tether_weight=10.0)
    trained = joint.train(examples, settings, tmp_path, estimate=sine, device="cuda:0")
    network = trained.trainer.network
    there = predict(network, examples.waveforms, device="cuda:0")
    here = predict(network.cpu(), examples.waveforms)
    assert len(trained.facts["rounds"]) == 2
    np.testing.assert_allclose(there, here, atol=0.05)
