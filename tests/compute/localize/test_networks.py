"""The networks: their size, their order of channels, and that applying them keeps its memory."""

import json
import subprocess
import sys

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.localize.examples import network_neighbours
from phy_medicine.compute.localize.localizers import Window
from phy_medicine.compute.localize.network_settings import NetworkSettings

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(("name", "n"), [("cnn", 402_483), ("wide-cnn", 402_115), ("transformer", 580_035)])
def test_networks_have_the_parameters_of_the_specification(name, n):
    from phy_medicine.compute.localize.networks import make_network, n_parameters

    assert n_parameters(make_network(name)) == n


@pytest.mark.parametrize("name", ["cnn", "transformer"])
def test_an_output_does_not_depend_on_the_other_spikes_nor_on_the_scale(name):
    from phy_medicine.compute.localize.apply import predict
    from phy_medicine.compute.localize.networks import make_network

    network = make_network(name, n_outputs=4)
    blocks = np.random.default_rng(0).normal(size=(5, 10, 90)).astype(np.float32)
    all_of_them, one = predict(network, blocks), predict(network, blocks[3:4] * 16)
    np.testing.assert_allclose(all_of_them[3, :3], one[0, :3], atol=1e-3)
    assert one[0, 3] - all_of_them[3, 3] == pytest.approx(np.log10(16), abs=1e-4)


def test_staggered_contacts_are_taken_in_pairs_of_depth_by_x():
    staggered = Contacts.of([[x, 20 * row] for row in range(12) for x in ((32, 0) if row % 2 else (16, 48))])
    table = network_neighbours(staggered)
    x, depth = np.moveaxis(table.positions_um, 2, 0)
    assert (np.diff(depth[:, ::2], axis=1) >= 0).all()
    assert (x[:, ::2] <= x[:, 1::2]).all()
    assert sorted(table.channel_ids[0].tolist()) == list(range(10))


def test_a_short_probe_leaves_places_empty():
    table = network_neighbours(Contacts.of([[0, 0], [0, 20], [0, 40], [0, 60]]))
    assert table.channel_ids[2].tolist() == [0, 1, 2, 3, -1, -1, -1, -1, -1, -1]
    assert table.anchors_um[2].tolist() == [0, 30]


def test_a_network_written_and_read_gives_the_same(tmp_path):
    from phy_medicine.compute.localize.apply import predict
    from phy_medicine.compute.localize.checkpoints import read_network, write_network
    from phy_medicine.compute.localize.networks import make_network

    network, blocks = make_network("cnn", seed=3), np.ones((2, 10, 90), np.float32)
    write_network(tmp_path / "network.pt", network, NetworkSettings(rounds=2))
    again, settings = read_network(tmp_path / "network.pt")
    assert settings == NetworkSettings(rounds=2)
    np.testing.assert_array_equal(predict(again, blocks), predict(network, blocks))


class Trap:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize("content", [b"", b"no archive", {"format": 9}, {"format": 1, "settings": "{}"}, Trap()])
def test_a_file_that_is_no_network_is_refused_and_not_run(tmp_path, content, capsys):
    from phy_medicine.compute.localize.checkpoints import read_network

    path = tmp_path / "network.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(PhyMedError):
        read_network(path)
    assert "run" not in capsys.readouterr().out


class Signal:
    """Spikes of which the waveforms are given."""

    def __init__(self, waveforms):
        self.waveforms = waveforms

    def snippets(self, neighbours, before, after):
        return self.waveforms[:, :, 30 - before : 30 + after]


def test_positions_are_offsets_from_the_anchors_and_silent_spikes_have_none():
    from phy_medicine.compute.localize.apply import NetworkLocalizer, predict
    from phy_medicine.compute.localize.networks import make_network

    contacts = Contacts.of([[x, 15 * row] for row in range(8) for x in (0, 32)])
    blocks = np.random.default_rng(0).normal(size=(3, 10, 90)).astype(np.float32)
    blocks[1] = 0
    network = make_network("cnn")
    localizer = NetworkLocalizer(network, network_neighbours(contacts), Window(15, 15))
    found = localizer.solve(localizer.measure(Signal(blocks)), np.array([6, 6, 7]))
    offsets = predict(network, blocks)
    np.testing.assert_allclose(found.um[0], offsets[0] + [16.0, 45.0, 0.0], rtol=1e-5)
    assert np.isnan(found.um[1]).all() and np.isnan(found.alpha[1])
    assert found.converged.tolist() == [True, False, True]
    assert (found.alpha[[0, 2]] > 0).all()


def test_without_networks_the_package_does_not_import_torch():
    code = (
        "import sys, json; from phy_medicine.compute.localize import job, examples, pictures, scoreboard;"
        "print(json.dumps('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
