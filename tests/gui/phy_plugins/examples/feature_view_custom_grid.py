"""Which subplots the feature view has."""

from phy import IPlugin, connect
from phy.cluster.views import FeatureView


def my_grid():
    return [line.split() for line in "0A,1A 1A,2A\n2A,0A 0B,0A".splitlines()]


class ExampleCustomFeatureViewPlugin(IPlugin):
    """Four subplots."""

    def attach_to_controller(self, controller):
        @connect
        def on_view_attached(view, gui):
            if isinstance(view, FeatureView):
                view.set_grid_dim(my_grid())
