"""Parameters of cell types."""

import numpy as np
from phy import IPlugin


class EphysParamsPlugin(IPlugin):
    """Time after a spike before the cell fires again, and how irregular it is."""

    def attach_to_controller(self, controller):
        def post_spike_suppression(cluster_id):
            t = controller.get_spike_times(cluster_id).data
            isi = np.diff(t)
            return float(np.quantile(isi, 0.01)) if len(isi) else float("nan")

        def cv2(cluster_id):
            isi = np.diff(controller.get_spike_times(cluster_id).data)
            return float(np.mean(2 * np.abs(np.diff(isi)) / (isi[1:] + isi[:-1]))) if len(isi) > 2 else None

        controller.cluster_metrics["post_spike_suppression"] = post_spike_suppression
        controller.cluster_metrics["cv2"] = cv2
