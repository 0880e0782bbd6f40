"""A scatter of embedded waveforms."""

from phy import Bunch, IPlugin
from phy.cluster.views import ScatterView


def umap(x):
    from umap import UMAP

    return UMAP().fit_transform(x)


class WaveformUMAPView(ScatterView):
    """Each point is a spike of a selected cluster."""


class ExampleWaveformUMAPPlugin(IPlugin):
    """UMAP of the waveforms of the selected clusters."""

    def attach_to_controller(self, controller):
        def coords(cluster_ids):
            spike_ids = controller.selector(200, cluster_ids)
            spike_clusters = controller.supervisor.clustering.spike_clusters[spike_ids]
            waveforms = controller.model.get_waveforms(spike_ids, None)
            if waveforms is None:
                return
            pos = umap(waveforms.reshape((waveforms.shape[0], -1)))
            return Bunch(pos=pos, spike_ids=spike_ids, spike_clusters=spike_clusters)

        def create_view():
            return WaveformUMAPView(coords=controller.context.cache(coords))

        controller.view_creator["WaveformUMAPView"] = create_view
