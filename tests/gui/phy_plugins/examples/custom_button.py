"""A button in the title bar of a view."""

from phy import IPlugin, connect
from phy.cluster.views import WaveformView


class ExampleCustomButtonPlugin(IPlugin):
    """Goes to the next kind of waveforms."""

    def attach_to_controller(self, controller):
        @connect
        def on_view_attached(view, gui):
            if isinstance(view, WaveformView):

                @view.dock.add_button(icon="f105", name="next_kind")
                def next_kind(checked):
                    view.next_waveforms_type()
