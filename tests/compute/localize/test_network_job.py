"""The job "localization_network": trained on a dataset, applied to it, to another one, and to plain files."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import params_of
from phy_medicine.compute.job_context import Cancelled, JobContext
from phy_medicine.compute.job_kinds import kind
from phy_medicine.compute.localize.contacts import Contacts, nearest
from phy_medicine.compute.localize.network_job import KIND, run
from phy_medicine.compute.localize.network_job_settings import FIRST, METHODS, NetworkJobSettings
from phy_medicine.compute.localize.network_settings import NetworkSettings
from phy_medicine.compute.localize.settings import LocalizeSettings
from phy_medicine.compute.localize.spike_source import write_folder
from phy_medicine.io.dataset_file import write_dataset
from phy_medicine.io.open_model import open_model
from tests.compute.localize.sources_in_front import make_examples

pytest.importorskip("torch")

POSITIONS = {"x_um", "depth_um", "z_um", "alpha", "converged", "peak_channels"}
MOTION = {"displacement", "temporal_bins_s", "spatial_bins_um"}
SMALL = NetworkJobSettings(
    pretrain_epochs=2, pretrain_batch=256, rounds=1, joint_epochs=1, bin_s=2.0, held_out=0.3, follow=False
)  # fmt: skip


def inputs_of(dataset: Path, folder: Path) -> dict:
    model = open_model(dataset)
    return {
        "dataset": write_dataset(folder / "dataset.json", model),
        "spike_samples": model.spike_samples,
        "peak_channels": model.template_peak_channels[model.spike_templates],
    }


@pytest.fixture(scope="module")
def trained(simulated_dataset: Path, tmp_path_factory: pytest.TempPathFactory):
    """What a whole job gives: its context, its arrays, what it said, its network."""
    folder = tmp_path_factory.mktemp("trained")
    events: list = []
    context = JobContext(
        SMALL, inputs_of(simulated_dataset, folder), folder=folder,
        send=lambda event, **facts: events.append((event, facts)),
    )  # fmt: skip
    arrays = run(context)
    np.save(folder / "network.npy", arrays["network"])
    return context, arrays, events, folder


def test_the_kind_keeps_its_runs_among_the_positions_and_its_motion_apart():
    found = kind(KIND)
    assert found.settings_class is NetworkJobSettings and found.uses_gpu and found.resumable
    assert (found.stored_as, found.inputs) == ("localization", ("dataset", "spike_samples", "peak_channels"))
    assert [name for name, _ in found.parts] == ["motion"] and set(found.parts[0][1]) == MOTION


def test_every_setting_of_training_and_of_the_signal_is_there_with_its_default():
    given = {p.name: p for p in params_of(NetworkJobSettings)}
    for param in params_of(NetworkSettings):
        assert given[param.name].default == param.default
    signal = {p.name: p for p in params_of(LocalizeSettings)}
    shared = set(signal) & set(given)
    assert set(signal) - shared == {"method", "grid_radius_um", "grid_step_um"}
    assert all(given[name] == signal[name] for name in shared)
    assert set(FIRST) < set(given)
    assert METHODS == ("sln-cnn", "sln-wide-cnn", "sln-transformer")
    assert SMALL.of_training == NetworkSettings(**{f.name: getattr(SMALL, f.name) for f in fields(NetworkSettings)})


def test_a_network_is_trained_and_gives_all_spikes_positions_and_a_motion(trained):
    context, arrays, events, _ = trained
    n = context.facts["n_spikes"]
    assert set(arrays) == POSITIONS | MOTION | {"network", "losses"}
    assert all(arrays[name].shape == (n,) for name in POSITIONS)
    assert np.isfinite(arrays["depth_um"]).all() and (arrays["z_um"] >= 0).all() and (arrays["alpha"] > 0).all()
    facts = context.facts
    assert (facts["method"], facts["ended"], facts["n_found"]) == ("sln-cnn", "all rounds are done", n)
    assert len(facts["pretrain_losses"]) == 2 and len(facts["rounds"]) == 1 and "losses" not in facts
    assert arrays["losses"].shape[1] == 4 and np.isfinite(arrays["losses"]).all()
    assert 0 < facts["n_trained"] < n and set(facts["first"]) >= {"rho", "entropy"}
    fractions = [facts["fraction"] for event, facts in events if event == "progress"]
    assert fractions == sorted(fractions)
    assert "preview" in {event for event, _ in events}


def test_the_network_of_a_run_can_be_applied_again(trained, simulated_dataset, tmp_path):
    _, arrays, _, folder = trained
    for file in ("network.npy", "network.pt"):
        settings = replace(SMALL, phases="apply", weights=str(folder / file), network="transformer", motion=False)
        context = JobContext(settings, inputs_of(simulated_dataset, tmp_path), folder=tmp_path)
        again = run(context)
        assert set(again) == POSITIONS | {"network"}
        for name in POSITIONS:
            np.testing.assert_array_equal(again[name], arrays[name], err_msg=name)
        assert context.facts["method"] == "sln-cnn"


def test_a_network_to_begin_with_takes_the_place_of_the_first_phase(trained, simulated_dataset, tmp_path):
    _, arrays, _, folder = trained
    settings = replace(SMALL, phases="finetune", weights=str(folder / "network.npy"), finetune_epochs=1)
    context = JobContext(settings, inputs_of(simulated_dataset, tmp_path), folder=tmp_path)
    tuned = run(context)
    assert "pretrain_losses" not in context.facts and context.facts["phases"] == "finetune"
    assert 0 < np.abs(tuned["depth_um"] - arrays["depth_um"]).max() < 5
    other = replace(settings, strength=True)
    with pytest.raises(PhyMedError, match="another kind of network"):
        run(JobContext(other, inputs_of(simulated_dataset, tmp_path), folder=tmp_path / "other"))


def test_a_look_at_the_positions_so_far_leaves_training_as_it_was(tmp_path):
    import torch

    from phy_medicine.compute.localize.network_report import Report
    from phy_medicine.compute.localize.train import Trainer

    examples, _ = make_examples(100)
    sent: list = []
    context = JobContext(SMALL, {}, send=lambda event, **facts: sent.append((event, facts)))
    report = Report(context, SMALL)
    trainer = Trainer(examples, SMALL.of_training, tmp_path, hooks=report.hooks)
    report.follow(trainer)
    trainer.network.train()
    before = torch.get_rng_state().clone(), {k: v.clone() for k, v in trainer.network.state_dict().items()}
    report._look(trainer)
    assert trainer.network.training and torch.equal(torch.get_rng_state(), before[0])
    assert all(torch.equal(v, before[1][k]) for k, v in trainer.network.state_dict().items())
    ((event, facts),) = sent
    assert event == "preview" and set(facts["arrays"]) == {"spike_ids", "x_um", "depth_um"}


def test_a_cancelled_job_ends_in_the_first_phase(simulated_dataset, tmp_path):
    with pytest.raises(Cancelled):
        run(JobContext(SMALL, inputs_of(simulated_dataset, tmp_path), folder=tmp_path, cancelled=lambda: True))


def test_nothing_to_apply_is_said_before_anything_is_done():
    with pytest.raises(PhyMedError, match="no network to apply"):
        NetworkJobSettings.of(phases="apply")


@pytest.fixture
def plain(simulated_dataset: Path, tmp_path: Path) -> Path:
    """The spikes of the dataset as plain files, waveforms as the job reads them."""
    from phy_medicine.compute.localize.examples import AFTER, BEFORE
    from phy_medicine.compute.localize.spike_source import open_spikes

    spikes = open_spikes(inputs_of(simulated_dataset, tmp_path), SMALL.of_signal)
    table, folder = nearest(spikes.contacts), tmp_path / "plain"
    folder.mkdir()
    waveforms, channels = np.zeros((spikes.n_spikes, 10, 90), np.float32), np.zeros(spikes.n_spikes, np.int64)
    for block in spikes.source.blocks():
        loaded = block.load()
        waveforms[block.spike_ids] = loaded.snippets(table, BEFORE, AFTER)
        channels[block.spike_ids] = loaded.channel_ids
    arrays = {
        "spike_times": spikes.samples, "spike_channels": channels, "waveforms_all": waveforms,
        "channel_locations": spikes.contacts.positions_um, "fs": np.array(spikes.sample_rate),
        "spike_anchors": table.anchors_um[channels],
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def test_plain_files_give_what_the_dataset_gives(trained, plain, tmp_path):
    _, arrays, _, folder = trained
    settings = replace(SMALL, phases="apply", weights=str(folder / "network.npy"))
    described = {"folder": write_folder(tmp_path / "folder.json", plain, peak=30)}
    found = run(JobContext(settings, described, folder=tmp_path))
    np.testing.assert_array_equal(found["peak_channels"], arrays["peak_channels"])
    for name in ("x_um", "depth_um", "z_um"):
        np.testing.assert_allclose(found[name], arrays[name], atol=1e-3, err_msg=name)
    assert set(found) >= MOTION


def test_monopolar_positions_in_the_folder_are_what_is_learned(plain):
    from phy_medicine.compute.localize.spike_source import of_folder
    from phy_medicine.io.spike_folder import read_folder

    n = len(np.load(plain / "spike_times.npy"))
    given = {"x": 3.0, "y": 50.0, "z": np.where(np.arange(n) == 1, 1.0, 20.0), "alpha": 500.0}
    for axis, value in given.items():
        np.save(plain / f"spike_locs_{axis}.npy", np.full(n, value))
    spikes = of_folder(read_folder(plain), SMALL.of_signal)
    examples = spikes.examples(SMALL.of_signal, plain, lambda n_done, n_known: None)
    assert np.unique(examples.monopolar.um[:, 1]).tolist() == [50.0]
    assert np.flatnonzero(~examples.learn).tolist() == [int(np.argsort(np.argsort(spikes.samples, kind="stable"))[1])]


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("waveforms_all", None, "has no waveforms_all.npy"),
        ("waveforms_all", np.zeros((3, 10, 90)), "has 3 rows, spike_times.npy"),
        ("spike_channels", np.array(["a"]), "not what belongs there"),
        ("channel_locations", np.zeros((2, 2)), "channels that have no location"),
        ("fs", np.array(0.0), "no sampling frequency"),
    ],
)
def test_plain_files_that_do_not_fit_are_refused(plain, name, array, said):
    from phy_medicine.io.spike_folder import read_folder

    (plain / f"{name}.npy").unlink()
    if array is not None:
        np.save(plain / f"{name}.npy", array)
    with pytest.raises(PhyMedError, match=said):
        read_folder(plain)


def test_waveforms_of_other_contacts_are_noticed_by_their_anchors(plain):
    from phy_medicine.compute.localize.spike_source import of_folder
    from phy_medicine.io.spike_folder import read_folder

    anchors = np.load(plain / "spike_anchors.npy")
    anchors[:4] += 20.0
    np.save(plain / "spike_anchors.npy", anchors)
    with pytest.raises(PhyMedError, match="anchors of 4 spikes"):
        of_folder(read_folder(plain), SMALL.of_signal)
    assert Contacts.of(np.load(plain / "channel_locations.npy")).n_channels == 16
