"""A file of its own, written with every save."""

import logging

from phy import IPlugin, connect
from phylib.io.model import save_metadata

logger = logging.getLogger("phy")


class ExampleClusterMetadataPlugin(IPlugin):
    """Saves the best channel of every cluster."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @connect(sender=gui)
            def on_request_save(sender):
                filename = controller.model.dir_path / "cluster_channel.tsv"
                ids = controller.supervisor.clustering.cluster_ids
                channels = {int(c): controller.get_best_channel(c) for c in ids}
                save_metadata(filename, "channel", channels)
                logger.info("Saved %s.", filename)
