"""A view made of visuals."""

import numpy as np
from phy import IPlugin
from phy.cluster.views import ManualClusteringView
from phy.plot.visuals import PlotVisual
from phy.utils.color import selected_cluster_color


class TemplateStackView(ManualClusteringView):
    """One box for each selected cluster, its template on the best channel."""

    def __init__(self, templates=None):
        super().__init__()
        self.canvas.set_layout("stacked", n_plots=1)
        self.templates = templates
        self.visual = PlotVisual()
        self.canvas.add_visual(self.visual)

    def on_select(self, cluster_ids=(), **kwargs):
        self.cluster_ids = cluster_ids
        if not self.cluster_ids:
            return
        self.canvas.stacked.n_boxes = len(cluster_ids)
        self.visual.reset_batch()
        for i, cluster_id in enumerate(cluster_ids):
            y = self.templates(cluster_id).data.template[:, 0]
            x = np.linspace(-1, 1, len(y))
            self.visual.add_batch_data(
                x=x, y=y, color=selected_cluster_color(i), data_bounds=(-1, y.min(), 1, y.max()), box_index=i
            )
        self.canvas.update_visual(self.visual)
        self.canvas.update()


class ExampleOpenGLViewPlugin(IPlugin):
    """Templates of the selected clusters."""

    def attach_to_controller(self, controller):
        def create_view():
            return TemplateStackView(templates=controller._get_template_waveforms)

        controller.view_creator["TemplateStackView"] = create_view
        controller.at_least_one_view("TemplateStackView")
