"""Columns and filters of one laboratory."""

from phy import IPlugin, connect


class SettingsPlugin(IPlugin):
    """Fewer columns, and a key that shows good clusters only."""

    def attach_to_controller(self, controller):
        @connect
        def on_controller_ready(sender):
            controller.supervisor.columns = ["id", "group", "ch", "depth", "fr", "n_spikes", "no_such_column"]

        @connect
        def on_gui_ready(sender, gui):
            @gui.view_actions.add(alias="good", shortcut="-")
            def show_good():
                """Show good clusters only."""
                controller.supervisor.filter("group=='good'")
