"""Takes its time."""

import time

from phy import IPlugin, connect


class SlowPlugin(IPlugin):
    def attach_to_controller(self, controller):
        def slow_metric(cluster_id):
            time.sleep(5)
            return cluster_id

        controller.cluster_metrics["slow"] = slow_metric

        @connect
        def on_controller_ready(sender):
            @connect(sender=controller.supervisor)
            def on_select(sender, cluster_ids, **kwargs):
                time.sleep(5)
