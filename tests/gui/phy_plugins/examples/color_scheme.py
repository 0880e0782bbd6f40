"""A way to colour clusters."""

from phy import IPlugin, connect
from phy.cluster.views import ClusterScatterView


class ExampleColorSchemePlugin(IPlugin):
    """Colour by amplitude in the cluster scatter view."""

    def attach_to_controller(self, controller):
        @connect
        def on_view_attached(view, gui):
            if isinstance(view, ClusterScatterView):
                view.add_color_scheme(
                    name="byamplitude",
                    fun=controller.get_cluster_amplitude,
                    colormap="rainbow",
                    cluster_ids=controller.supervisor.clustering.cluster_ids,
                )
