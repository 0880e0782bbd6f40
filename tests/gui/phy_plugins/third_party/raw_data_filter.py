"""A filter of the signal."""

from phy import IPlugin
from scipy.signal import butter, lfilter


class RawDataFilterPlugin(IPlugin):
    """Between 600 and 3,000 Hz."""

    def attach_to_controller(self, controller):
        fs = controller.model.sample_rate
        b, a = butter(2, (600.0 / fs * 2, 3000.0 / fs * 2), "band")

        @controller.raw_data_filter.add_filter
        def band_pass(arr, axis=0):
            arr = lfilter(b, a, arr, axis=axis)
            return np_flip(lfilter(b, a, np_flip(arr, axis), axis=axis), axis)


def np_flip(arr, axis):
    import numpy as np

    return np.flip(arr, axis)
