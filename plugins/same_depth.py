"""An action: go to the next cluster at the depth of this one, the place where over-splits are found."""

from functools import partial

from phy_medicine.plugin import Action, ActionError, Arg, Plugin


def next_at_depth(session, distance_um=50.0):
    """Select the next row of the cluster table within a distance along the probe; noise and mua are left out."""
    if not session.selection.cluster_ids:
        raise ActionError("Select a cluster first.")
    here = session.selection.cluster_ids[0]
    depth_um = session.clusters.value(here, "depth")
    rows = list(session.cluster_table.visible_ids())
    start = rows.index(here) + 1 if here in rows else 0
    for cluster_id in rows[start:] + rows[:start]:
        near = abs(session.clusters.value(cluster_id, "depth") - depth_um) <= distance_um
        if near and cluster_id != here and not session.manager.is_masked(cluster_id):
            session.select([cluster_id])
            return
    raise ActionError(f"No other cluster is within {distance_um:g} µm of cluster {here}.")


class SameDepth(Plugin):
    """Adds Next at the same depth to the menu Select."""

    def attach(self, session):
        session.extensions.actions.add(
            Action(
                "next_at_depth",
                "Next at the same depth",
                partial(next_at_depth, session),
                "Select the next cluster of the table at the same depth; the distance in µm can be typed.",
                menu="Select",
                shortcuts=("Ctrl+Shift+Down",),
                alias="nd",
                args=(Arg("distance_um", "value", optional=True),),
            )
        )
