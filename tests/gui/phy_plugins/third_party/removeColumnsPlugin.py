"""Fewer columns."""

from phy import IPlugin, connect


class RemoveColumnsPlugin(IPlugin):
    """Takes out what is not needed; some names may not exist."""

    def attach_to_controller(self, controller):
        @connect
        def on_controller_ready(sender):
            for name in ("sh", "amp"):
                if name in controller.supervisor.columns:
                    controller.supervisor.columns.remove(name)
            controller.supervisor.columns = [*controller.supervisor.columns, "Amplitude", "ContamPct"]
