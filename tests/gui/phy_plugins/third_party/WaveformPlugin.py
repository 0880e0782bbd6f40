"""A view of single waveforms with its own mouse, keys and split."""

import numpy as np
from phy import IPlugin
from phy.cluster.views import ManualClusteringView
from phy.cluster.views.base import LassoMixin
from phy.plot.plot import PlotCanvas
from phy.plot.visuals import PlotVisual
from phy.utils import Bunch, connect, emit, unconnect
from phy.utils.color import selected_cluster_color


class SingleWaveformView(LassoMixin, ManualClusteringView):
    """Waveforms of all spikes on one channel, one box for each cluster."""

    max_n_clusters = 4
    default_shortcuts = {"next_channel": "ctrl+alt+right"}

    def __init__(self, controller=None):
        super().__init__()
        self.controller, self.channel_id, self.clicks = controller, None, []
        self.canvas.set_layout("grid")
        self.canvas.enable_axes()
        self.canvas.enable_lasso()
        self.visual = PlotVisual()
        self.canvas.add_visual(self.visual)

    def attach(self, gui):
        super().attach(gui)

        @self.actions.add(prompt=True, prompt_default=lambda: self.channel_id, alias="ch")
        def change_channel(channel_id):
            """Show another channel."""
            self.channel_id = int(channel_id)
            self.plot()

        @self.actions.add(shortcut="ctrl+alt+b")
        def split_noise():
            """Split what is far from the others."""
            emit("split_noise", self)

        connect(self.on_request_split)
        connect(self.on_select_channel)

    def on_select_channel(self, sender=None, channel_id=None, key=None, button=None):
        self.channel_id = channel_id
        self.plot()

    def on_request_split(self, sender=None):
        if self.canvas.lasso.count < 3 or not self.spikes:
            return np.array([], dtype=np.int64)
        pos = np.array([(0.0, w.max()) for w in self.waveforms])
        return np.sort(self.spike_ids[self.canvas.lasso.in_polygon(pos)])

    def on_select(self, cluster_ids=(), **kwargs):
        self.cluster_ids = cluster_ids
        if cluster_ids:
            self.channel_id = self.controller.get_best_channel(cluster_ids[0])
            self.plot()

    def plot(self, **kwargs):
        self.canvas.grid.shape = (len(self.cluster_ids), 1)
        self.visual.reset_batch()
        for i, cluster_id in enumerate(self.cluster_ids):
            self.spike_ids = self.controller.selector(50, [cluster_id])
            data = self.controller.model.get_waveforms(self.spike_ids, [self.channel_id])
            if data is None:
                continue
            data = self.controller.raw_data_filter.apply(data, axis=1)
            self.waveforms = data[:, :, 0]
            x = np.tile(np.linspace(-1, 1, data.shape[1]), (len(data), 1))
            bounds = (-1, float(data.min()), 1, float(data.max()))
            color = selected_cluster_color(i, 0.5)
            self.visual.add_batch_data(x=x, y=self.waveforms, color=color, data_bounds=bounds, box_index=(i, 0))
        self.canvas.update_visual(self.visual)
        self.canvas.update()

    @property
    def spikes(self):
        return getattr(self, "spike_ids", None) is not None

    def on_mouse_click(self, e):
        if "Control" in e.modifiers:
            return
        box, (x, y) = self.canvas.layout.box_map(e.pos)
        self.clicks.append(Bunch(box=box, x=x, y=y, size=self.canvas.layout.box_size, button=e.button))

    def on_close_view(self, view=None, gui=None):
        unconnect(self.on_request_split)
        unconnect(self.on_select_channel)


class WaveformPlugin(IPlugin):
    """The view, and what its event `split_noise` does."""

    def attach_to_controller(self, controller):
        assert PlotCanvas is not None

        def create_view():
            view = SingleWaveformView(controller=controller)

            @connect(sender=view)
            def on_split_noise(sender):
                cluster_id = view.cluster_ids[0]
                spike_ids = controller.get_spike_ids(cluster_id)
                amplitudes = controller._amplitude_getter([cluster_id], name="template", load_all=True)[0].amplitudes
                small = spike_ids[amplitudes < np.median(amplitudes)]
                up = controller.supervisor.split(small)
                new = up.spike_clusters[0]
                assert (up.spike_clusters == new).any() and cluster_id in up.deleted
                controller.supervisor.label("group", "noise", cluster_ids=[new])

            return view

        controller.view_creator["SingleWaveformView"] = create_view
