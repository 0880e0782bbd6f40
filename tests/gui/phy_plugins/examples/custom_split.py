"""A split by computation."""

from phy import IPlugin, connect


def k_means(x):
    from sklearn.cluster import KMeans

    return KMeans(n_clusters=2, n_init=10, random_state=0).fit_predict(x)


class ExampleCustomSplitPlugin(IPlugin):
    """Two parts by amplitude."""

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @controller.supervisor.actions.add(shortcut="s")
            def custom_split():
                """Split the first selected cluster by amplitude."""
                cluster_ids = controller.supervisor.selected
                bunchs = controller._amplitude_getter(cluster_ids, name="template", load_all=True)
                spike_ids = bunchs[0].spike_ids
                y = bunchs[0].amplitudes
                labels = k_means(y.reshape((-1, 1)))
                assert spike_ids.shape == labels.shape
                controller.supervisor.actions.split(spike_ids, labels)
