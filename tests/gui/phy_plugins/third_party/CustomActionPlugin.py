"""Actions on the clusters of the table."""

import logging

import numpy as np
from phy import IPlugin, connect

logger = logging.getLogger("phy")


class CustomActionPlugin(IPlugin):
    """Selects unsorted clusters, and moves short ones to the end by one label for all their spikes."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @controller.supervisor.actions.add(shortcut="alt+y", name="select_unsorted")
            def select_unsorted():
                """Select the unsorted clusters."""

                @controller.supervisor.cluster_view.get_ids
                def find(ids):
                    groups = controller.supervisor.cluster_meta.get("group", list(range(max(ids) + 1)))
                    unsorted = [c for c in ids if groups[c] in (None, "unsorted")]
                    logger.info("%d unsorted clusters", len(unsorted))
                    controller.supervisor.select(unsorted[0])

            @controller.supervisor.actions.add(shortcut="alt+shift+e", name="move_to_end")
            def move_to_end():
                """Give the selected clusters new numbers."""
                selected = controller.supervisor.selected
                similar = controller.supervisor.selected_similar
                s = controller.supervisor.clustering.spikes_in_clusters(selected)
                logger.info("%s with %s", selected, similar)
                controller.supervisor.actions.split(s, np.zeros(len(s), dtype=int))
