"""Connects something, then fails."""

from phy import IPlugin, connect


class AtAttachPlugin(IPlugin):
    def attach_to_controller(self, controller):
        controller.cluster_metrics["half_way"] = lambda cluster_id: 1

        @connect
        def on_gui_ready(sender, gui):
            gui.status_message = "must not be called"

        raise RuntimeError("not at attach")
