"""Names in the console."""

from phy import IPlugin, connect
from phy.cluster.views import WaveformView
from phy.gui.widgets import IPythonView


class ExampleIPythonViewPlugin(IPlugin):
    """The first waveform view as `wv` in the console."""

    def attach_to_controller(self, controller):
        @connect
        def on_view_attached(view, gui):
            if isinstance(view, IPythonView):
                view.inject(wv=gui.get_view(WaveformView))

        controller.at_least_one_view("IPythonView")
