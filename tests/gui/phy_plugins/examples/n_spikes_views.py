"""How many spikes views draw."""

from phy import IPlugin, connect


class ExampleNspikesViewsPlugin(IPlugin):
    """Few waveforms, many features."""

    def attach_to_controller(self, controller):
        controller.model.n_closest_channels = 8
        controller.model.amplitude_threshold = 0.3

        @connect(sender=controller)
        def on_gui_ready(sender, gui):
            controller.n_spikes_waveforms = 40
            controller.batch_size_waveforms = 10
            controller.n_spikes_features = 900
            controller.n_spikes_features_background = 500
            controller.n_spikes_amplitudes = 700
            controller.n_spikes_correlograms = 20000
            controller.n_spikes_waveforms_total = None
            controller.n_spikes_features_total = None
            controller.n_spikes_amplitudes_total = None
