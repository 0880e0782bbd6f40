"""Says what the window does."""

from phy import IPlugin, connect


class ExampleHelloPlugin(IPlugin):
    """Prints when the window is there and when clusters change."""

    def attach_to_controller(self, controller):
        @connect(sender=controller)
        def on_gui_ready(sender, gui):
            print(f"Hello from {gui.name}")

            @connect(sender=controller.supervisor)
            def on_cluster(sender, up):
                print(f"Clusters: {up}")
