"""Splits off spikes that follow the one before too soon."""

import numpy as np
from phy import IPlugin, connect


class SplitShortISI(IPlugin):
    """Spikes within 2.5 ms of the one before or after."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @controller.supervisor.actions.add(shortcut="alt+i")
            def VisualizeShortISI2():
                """Split all spikes with an interval of less than 2.5 ms into a cluster of their own."""
                cluster_ids = controller.supervisor.selected
                bunchs = controller._amplitude_getter(cluster_ids, name="template", load_all=True)
                spike_ids = bunchs[0].spike_ids
                times = controller.model.spike_times[spike_ids]
                before = np.diff(times, prepend=-np.inf) < 0.0025
                after = np.diff(times, append=np.inf) < 0.0025
                labels = np.ones(len(times), dtype=int)
                labels[before | after] = 2
                controller.supervisor.actions.split(spike_ids, labels)
