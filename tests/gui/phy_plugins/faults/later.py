"""Fails in every callback."""

from phy import IPlugin, connect
from phy.cluster.views import ManualClusteringView


class FailingView(ManualClusteringView):
    def on_select(self, cluster_ids=(), **kwargs):
        raise ValueError(f"cannot show {list(cluster_ids)}")


class LaterPlugin(IPlugin):
    def attach_to_controller(self, controller):
        controller.view_creator["FailingView"] = FailingView
        controller.cluster_metrics["broken"] = lambda cluster_id: 1 / 0

        @connect
        def on_controller_ready(sender):
            @connect(sender=controller.supervisor)
            def on_select(sender, cluster_ids, **kwargs):
                raise ValueError("not on select")

            @connect(sender=controller.supervisor)
            def on_cluster(sender, up):
                raise ValueError("not on cluster")

            @connect(sender=controller.supervisor)
            def on_request_split(sender):
                raise ValueError("not on request_split")

            @connect(sender=controller.supervisor)
            def on_save_clustering(sender, spike_clusters, groups, *labels):
                raise ValueError("not on save_clustering")

        @connect
        def on_gui_ready(sender, gui):
            @connect(sender=gui)
            def on_request_save(sender):
                raise ValueError("not on request_save")

            @gui.view_actions.add(alias="ff")
            def fail():
                """Fails."""
                raise ValueError("not in an action")

            raise ValueError("not on gui_ready")

        @connect
        def on_view_attached(view, gui):
            raise ValueError("not on view_attached")
