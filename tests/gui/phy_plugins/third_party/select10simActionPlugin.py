"""Select a number of similar clusters."""

from phy import IPlugin, connect


class Select10SimActionPlugin(IPlugin):
    """The selected cluster and the first rows of the similarity table."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @controller.supervisor.select_actions.add(shortcut="alt+0", prompt=True, prompt_default=lambda: 3)
            def select_n_similar(n):
                """Select similar clusters. Example: `3`"""

                @controller.supervisor.similarity_view.get_ids
                def found(ids):
                    controller.supervisor.similarity_view.select(ids[: int(n)])
