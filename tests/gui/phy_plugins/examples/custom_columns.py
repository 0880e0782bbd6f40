"""Which columns the tables have."""

from phy import IPlugin, connect


class ExampleCustomColumnsPlugin(IPlugin):
    """Four columns only."""

    def attach_to_controller(self, controller):
        @connect
        def on_controller_ready(sender):
            controller.supervisor.columns = ["id", "n_spikes", "ch", "fr"]
