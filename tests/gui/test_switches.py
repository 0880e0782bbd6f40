"""Keys that change what all views show."""

from __future__ import annotations

import numpy as np

from phy_medicine.session.session import Session


def view(window, kind):
    return next(p.view for p in window.panels if p.kind == kind)


def test_alt_r_switches_the_filter_of_every_view_of_the_signal(window, press):
    press("Space")
    window.arrangement.add("TraceView")
    signal_views = [v for v in window.host.views if hasattr(v, "set_filtered")]
    assert signal_views
    for filtered in (False, True):
        press("Alt+R")
        assert all(v.settings.filtered is filtered for v in signal_views)
    assert "high-pass 150 Hz, Butterworth order 3" in window.status.message.text()


def test_alt_r_without_such_a_view_says_what_to_do(window, press):
    for panel in window.panels:
        if hasattr(panel.view, "set_filtered"):
            window.host.remove(panel.view)
    press("Alt+R")
    assert "View > Add > TraceView" in window.status.message.text()


def test_ctrl_r_without_reordered_times_says_so(window, press):
    press("Space", "Ctrl+R")
    assert "spike_times_reordered.npy not found" in window.status.message.text()


def test_ctrl_r_shows_spikes_at_their_reordered_times_and_back(dataset, open_window, qtbot):
    samples = np.load(dataset.parent / "spike_times.npy").ravel()
    np.save(dataset.parent / "spike_times_reordered.npy", samples[::-1].copy())
    session = Session.open(dataset)
    window = open_window(session)
    session.next()
    qtbot.waitUntil(lambda: window.at_rest)
    cluster = session.selection.reference_id
    spikes = session.manager.assignment.spikes(cluster)
    rate = session.model.sample_rate
    for expected in (samples[::-1][spikes] / rate, samples[spikes] / rate):
        assert window.commands.run("toggle_spike_reorder") == ""
        qtbot.waitUntil(lambda: window.at_rest)
        shown = view(window, "AmplitudeView").block
        assert (np.sort(shown.times_s) == np.sort(expected.astype(np.float32))).all()
        features = session.data.features(cluster, (0,), n=len(spikes))
        assert (features.times_s == expected[np.isin(spikes, features.spike_ids)]).all()
    window.close()
    session.close()
