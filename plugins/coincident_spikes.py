"""A job and a metric: how much of a cluster fires at the same place and moment as other clusters.

A sorter that fits two templates to one spike leaves two clusters full of such coincidences. The job goes through all
spikes in a process of its own; its newest result in the store is the column `coincident` of the cluster table.
"""

from dataclasses import dataclass

import numpy as np

from phy_medicine.plugin import JobKind, Metric, Plugin, setting


@dataclass(frozen=True)
class CoincidenceSettings:
    """The dialog of the job is made from this table."""

    window_ms: float = setting(0.3, "Largest time between two spikes of one event", unit="ms", minimum=0.05, maximum=5)
    distance_um: float = setting(50.0, "Largest distance along the probe", unit="µm", minimum=1, maximum=1000)


def coincidences(context):
    """Tell of each spike whether one of another cluster is near in time and depth; runs in the worker."""
    times, depths, clusters = (context.inputs[name] for name in ("times_s", "depths_um", "clusters"))
    window_s, distance_um = context.settings.window_ms / 1000, context.settings.distance_um
    found = np.zeros(len(times), dtype=bool)
    for step in range(1, len(times)):
        close = times[step:] - times[:-step] <= window_s
        if not close.any():
            break
        context.progress(0.5, f"{step} spikes later")
        pair = close & (np.abs(depths[step:] - depths[:-step]) <= distance_um) & (clusters[step:] != clusters[:-step])
        found[step:] |= pair
        found[:-step] |= pair
    context.facts["coincident"] = float(found.mean())
    return {"spike_ids": context.inputs["spike_ids"], "coincident": found.astype(np.uint8)}


class CoincidentSpikes(Plugin):
    """Adds the job Coincident spikes and the column coincident."""

    def attach(self, session):
        self.session, self.known = session, ("", np.empty(0))
        inputs = ("times_s", "depths_um", "clusters", "spike_ids")
        session.extensions.jobs.add(
            JobKind("coincidence", "Coincident spikes", CoincidenceSettings, coincidences, inputs=inputs,
                    help="Find spikes of different clusters at the same place and moment.")
        )  # fmt: skip
        session.extensions.metrics.add(
            Metric("coincident", self.percent, unit="%", help="Spikes that coincide with one of another cluster.")
        )
        session.jobs.imported.connect(lambda run: session.extensions.metrics.renew("coincident"))

    def percent(self, cluster_id):
        """Return the share of coincident spikes of a cluster, %, None before the job has run."""
        runs = self.session.store.runs("coincidence")
        if not runs:
            return None
        if self.known[0] != runs[-1].id:
            arrays = self.session.store.read(runs[-1].id)
            values = np.full(self.session.model.n_spikes, np.nan)
            values[arrays["spike_ids"]] = arrays["coincident"]
            self.known = (runs[-1].id, values)
        return 100 * float(np.nanmean(self.known[1][self.session.data.spikes(cluster_id)]))
