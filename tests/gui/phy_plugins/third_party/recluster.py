"""Clusters the spikes of the selection anew with a program of its own, else with k-means."""

import logging
import shutil

import numpy as np
from phy import IPlugin, connect
from phy.utils.config import phy_config_dir
from phy.utils.tempdir import TemporaryDirectory

logger = logging.getLogger("phy")


def klustakwik(folder, data, n):
    """Write the features as the program reads them; it is seldom installed."""
    path = f"{folder}/features.fet.1"
    np.savetxt(path, np.c_[data, np.arange(len(data))], header=str(data.shape[1]), comments="")
    if shutil.which("klustakwik") is None:
        from sklearn.cluster import KMeans

        return KMeans(n_clusters=n, n_init=5, random_state=0).fit_predict(np.loadtxt(path, skiprows=1)[:, :-1])
    raise NotImplementedError("The test environment does not have the program.")


class Recluster(IPlugin):
    """Two actions that ask for the number of parts."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            def run(n):
                spike_ids = controller.supervisor.clustering.spikes_in_clusters(controller.supervisor.selected)
                logger.info("Settings are in %s", phy_config_dir())
                data = controller.model._load_features().data[spike_ids]
                with TemporaryDirectory() as folder:
                    labels = klustakwik(folder, np.reshape(data, (len(data), -1))[:, :6], int(n))
                controller.supervisor.actions.split(spike_ids, labels)

            @controller.supervisor.actions.add(shortcut="alt+k", prompt=True, prompt_default=lambda: 2)
            def recluster_local(n_clusters):
                """Cluster the selection anew.

                Example: `2`
                """
                run(n_clusters)

            @controller.supervisor.actions.add(shortcut="alt+q", prompt=True, n_args=1, prompt_default=lambda: 3)
            def recluster_three(n_clusters):
                """Cluster the selection anew. Example: `3`"""
                run(n_clusters)
