"""Actions in the menus File and Select."""

from phy import IPlugin, connect


class ExampleActionPlugin(IPlugin):
    """Shows a message, and selects the first clusters of the table."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            gui.file_actions.separator()

            @gui.file_actions.add(shortcut="a")
            def display_message():
                """Show a message in the status bar."""
                gui.status_message = "Hello world"

            gui.select_actions.separator()

            @gui.select_actions.add(submenu="Submenu", shortcut="ctrl+c", prompt=True, prompt_default=lambda: 2)
            def select_n_first_clusters(n_clusters):
                """Select the first clusters of the table."""

                @controller.supervisor.cluster_view.get_ids
                def ids_found(cluster_ids):
                    controller.supervisor.select(cluster_ids[:n_clusters])
