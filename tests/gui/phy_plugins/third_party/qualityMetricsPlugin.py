"""Quality metrics with names and values of all sorts."""

import numpy as np
import scipy.stats
from phy import IPlugin


class QualityMetricsPlugin(IPlugin):
    """Violations of the refractory period, skewness, and a list."""

    def attach_to_controller(self, controller):
        def rpv_fraction(cluster_id):
            t = controller.get_spike_times(cluster_id).data
            return (np.diff(t) < 0.002).sum() / max(len(t), 1)

        def amplitude_skewness(cluster_id):
            b = controller._amplitude_getter([cluster_id], name="template", load_all=True)[0]
            return scipy.stats.skew(b.amplitudes)

        def peaks(cluster_id):
            templates = controller.model.get_template_waveforms(cluster_id)
            return [float(np.ptp(w)) for w in templates.T[:3]] if templates is not None else []

        for name, metric in {
            "numRPV/numSpikes": rpv_fraction, "amp skewness": amplitude_skewness, "peaks": peaks,
        }.items():  # fmt: skip
            controller.cluster_metrics[name] = controller.context.memcache(metric)
