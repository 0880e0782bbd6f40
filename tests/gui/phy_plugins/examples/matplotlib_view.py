"""A view made with matplotlib."""

from phy import IPlugin
from phy.cluster.views import ManualClusteringView
from phy.plot.plot import PlotCanvasMpl


class FeatureDensityView(ManualClusteringView):
    plot_canvas_class = PlotCanvasMpl

    def __init__(self, features=None):
        super().__init__()
        self.features = features

    def on_select(self, cluster_ids=(), **kwargs):
        self.cluster_ids = cluster_ids
        if not cluster_ids:
            return
        x, y = self.features(cluster_ids[0]).data[:, :2, 0].T
        self.canvas.ax.hist2d(x, y, 50)
        self.canvas.update()


class ExampleMatplotlibViewPlugin(IPlugin):
    """Density of two features of the first cluster."""

    def attach_to_controller(self, controller):
        def create_view():
            return FeatureDensityView(features=controller._get_features)

        controller.view_creator["FeatureDensityView"] = create_view
