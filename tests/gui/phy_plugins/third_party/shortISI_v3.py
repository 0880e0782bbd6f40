"""Short intervals, the spike that fits worse of each pair."""

import numpy as np
from phy import IPlugin, connect


class SplitShortISI(IPlugin):
    """Of each pair that is too near the one farther from the centre in feature space."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @controller.supervisor.actions.add(shortcut="alt+p", name="short_isi_worse_half")
            def worse_half():
                """Split off the worse spike of each pair that is nearer than 1.5 ms."""
                from sklearn.preprocessing import StandardScaler

                spike_ids = controller.supervisor.clustering.spikes_in_clusters(controller.supervisor.selected)
                times = controller.model.spike_times[spike_ids]
                data = controller.model._load_features().data[spike_ids]
                x = StandardScaler().fit_transform(np.reshape(data, (len(data), -1)))
                far = np.linalg.norm(x, axis=1)
                labels = np.ones(len(spike_ids), dtype=int)
                for i in np.flatnonzero(np.diff(times) < 0.0015):
                    labels[i if far[i] > far[i + 1] else i + 1] = 2
                controller.supervisor.actions.split(spike_ids, labels)
