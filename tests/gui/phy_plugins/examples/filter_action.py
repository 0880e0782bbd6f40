"""A snippet that filters the table."""

from phy import IPlugin, connect


class ExampleFilterFiringRatePlugin(IPlugin):
    """`:fr 10` shows clusters that fire more than 10 Hz."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @gui.view_actions.add(alias="fr")
            def filter_firing_rate(rate):
                """Show clusters with a larger rate."""
                controller.supervisor.filter("fr > %.1f" % float(rate))
