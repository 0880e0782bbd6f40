"""A filter of the signal."""

from phy import IPlugin
from scipy.signal import butter, lfilter


class ExampleRawDataFilterPlugin(IPlugin):
    """High-pass at 500 Hz in place of the filter of the program."""

    def attach_to_controller(self, controller):
        b, a = butter(3, 500.0 / controller.model.sample_rate * 2.0, "high")

        @controller.raw_data_filter.add_filter
        def high_pass(arr, axis=0):
            arr = lfilter(b, a, arr, axis=axis)
            arr = lfilter(b, a, arr[::-1, :] if axis == 0 else arr[:, ::-1], axis=axis)
            return arr[::-1, :] if axis == 0 else arr[:, ::-1]
