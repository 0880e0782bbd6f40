"""Single localized spikes: local positions, waveforms from the recording or from those stored, other estimates."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.localize.explored import Components, denoise
from phy_medicine.io.open_model import open_model
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.explored_spikes import neighbours
from phy_medicine.session.session import Session


def open_localized(dataset, **more) -> Session:
    """Open a dataset whose spikes come from 5 µm beside, and 30 µm before, the peak channel of their templates."""
    session = Session.open(dataset)
    model = session.model
    channels = model.template_peak_channels[model.spike_templates].astype(np.int32)
    n, at = len(channels), model.channel_positions[channels].astype(np.float32)
    columns = {
        "x_um": at[:, 0] + 5, "depth_um": at[:, 1], "z_um": np.full(n, 30, np.float32),
        "alpha": np.full(n, 1000, np.float32), "peak_channels": channels,
    }  # fmt: skip
    columns.update(more)
    session.store.add("localization", columns, name="net", facts={"method": "sln_cnn"})
    return session


@pytest.fixture
def session(dataset):
    session = open_localized(dataset)
    yield session
    session.close()


def test_offsets_are_from_the_mean_of_the_ten_contacts(session):
    columns = session.data.explored.columns()
    channel = int(columns.peak_channels[7])
    contacts = session.model.channel_positions[neighbours(session.model).channel_ids[channel]]
    x, depth = session.model.channel_positions[channel] - contacts.mean(axis=0)
    assert (columns.lx[7], columns.ly[7]) == pytest.approx((x + 5, depth), abs=1e-3)
    assert (columns.z[7], columns.log_alpha[7]) == pytest.approx((30, 3)) and columns.method == "sln_cnn"
    assert session.data.explored.columns() is columns


def test_a_spike_has_the_waveforms_of_the_recording_and_all_estimates(session):
    explored = session.data.explored
    before = explored.spike(100)
    assert before.denoised is None and explored.learn(60.0) == 1.0 and explored.learnt == 500
    spike = explored.spike(100)
    assert spike.raw.shape == spike.denoised.shape == (10, 90) and spike.before == 30
    peak = int(np.abs(spike.raw).max(axis=0).argmax())
    assert abs(peak - 30) <= 3 and spike.amplitude == np.ptp(spike.raw, axis=1).max()
    assert list(spike.um) == ["sln_cnn", "monopolar", "com", "peak channel"]
    at = session.model.channel_positions[spike.channel_id]
    assert spike.um["sln_cnn"] == pytest.approx([at[0] + 5, at[1], 30])
    largest = spike.channel_ids[np.ptp(spike.raw, axis=1).argmax()]
    assert spike.um["peak channel"].tolist() == [*session.model.channel_positions[largest], 0]
    noise = np.std(spike.raw[:, :10])
    assert np.std(spike.denoised[:, :10]) < noise


def test_a_spike_of_a_monopolar_run_is_where_the_run_puts_it(session):
    arrays = dict(session.localization.arrays())
    run = session.store.add("localization", arrays, name="mono", facts={"method": "monopolar"})
    session.localization.use(run.id)
    spike = session.data.explored.spike(100)
    assert list(spike.um) == ["monopolar", "com", "peak channel"]
    assert spike.um["monopolar"].tolist() == [arrays[name][100] for name in ("x_um", "depth_um", "z_um")]


def test_the_waveforms_are_those_of_all_spikes_read_at_once(session, dataset):
    from phy_medicine.compute.localize.contacts import Contacts
    from phy_medicine.compute.localize.explored import explore, shown_window
    from phy_medicine.compute.localize.job import shanks_of, signal_source
    from phy_medicine.compute.localize.settings import LocalizeSettings
    from phy_medicine.session.localized import localization_run, make_located

    model = session.model
    _, columns = localization_run(session)
    located = make_located(session, "sln_cnn", columns, None)
    window = shown_window(model.sample_rate)
    channels = columns["peak_channels"].astype(np.int64)
    reach = max(window.before, window.after)
    source, _ = signal_source(model, np.asarray(model.spike_samples), channels, LocalizeSettings(), reach)
    rows = np.array([40, 300, 700])
    contacts = Contacts.of(model.channel_positions, shanks_of(model))
    together = explore(located, rows, source, rows, contacts, model.sample_rate, 3)
    for k, row in enumerate(rows.tolist()):
        alone = session.data.explored.spike(row)
        assert alone.channel_ids.tolist() == together.channels[k].tolist()
        # The offset that is taken out of a stretch before the filter is that of this stretch.
        assert np.abs(alone.raw - together.raw[k]).max() < 0.02 * together.amplitudes[k]
        assert alone.um["monopolar"] == pytest.approx(together.um["monopolar"][k], abs=1.0)


def test_without_a_recording_stored_waveforms_are_shown_and_a_spike_without_says_so(dataset):
    model = open_model(dataset)
    ids, channels = np.arange(20, 60), np.tile(np.arange(model.n_channels), (40, 1))
    waveforms = model.traces.read_many(model.spike_samples[ids] - 41, 82)
    for name, array in {"waveforms": waveforms, "channels": channels, "spikes": ids}.items():
        np.save(dataset.parent / f"_phy_spikes_subset.{name}.npy", array)
    (dataset.parent / "recording.dat").unlink()
    session = open_localized(dataset)
    explored = session.data.explored
    assert explored.learn(60.0) == 1.0 and explored.learnt == 40
    assert explored.spike(25).raw is not None and explored.spike(25).missing == ""
    other = explored.spike(10)
    assert other.raw is None and "not stored" in other.missing and list(other.um) == ["sln_cnn"]
    assert explored.with_waveforms(np.array([3, 25, 59, 60])).tolist() == [25, 59]
    session.close()


def test_with_neither_recording_nor_stored_waveforms_it_is_said_why(dataset):
    (dataset.parent / "recording.dat").unlink()
    session = open_localized(dataset)
    explored = session.data.explored
    assert explored.learn(60.0) == 1.0
    assert "No raw data" in explored.spike(25).missing
    assert explored.with_waveforms(np.array([3, 25])).tolist() == [3, 25]
    session.close()


def test_a_spike_without_a_position_has_no_anchor(dataset):
    session = Session.open(dataset)
    channels = session.model.template_peak_channels[session.model.spike_templates].astype(np.int32)
    channels[4] = -1
    session.close()
    session = open_localized(dataset, peak_channels=channels)
    columns = session.data.explored.columns()
    assert np.isnan(columns.lx[4]) and np.isfinite(columns.lx[5]) and columns.peak_channels[4] == -1
    session.close()


def test_without_positions_there_is_nothing_to_explore(dataset):
    session = Session.open(dataset)
    with pytest.raises(DataMissing, match="Jobs > Positions of spikes"):
        session.data.explored.columns()
    session.close()


def test_components_learnt_bit_by_bit_are_those_of_all_at_once():
    rng = np.random.default_rng(0)
    waveforms = rng.normal(size=(60, 10, 40)).astype(np.float32)
    waveforms[3, 4] = 0
    components = Components(40)
    assert np.array_equal(components.rebuild(waveforms), waveforms)
    for part in np.array_split(waveforms, 7):
        components.add(part)
    assert components.n_waveforms == 599
    assert components.rebuild(waveforms) == pytest.approx(denoise(waveforms), abs=1e-5)
    assert (components.rebuild(waveforms)[3, 4] == 0).all()
