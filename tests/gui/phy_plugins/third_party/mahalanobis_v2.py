"""A window of its own that splits by distance in feature space."""

import logging

import numpy as np
from matplotlib.backends.backend_qt5agg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from phy import IPlugin, connect
from qtpy import QtCore, QtWidgets

logger = logging.getLogger("phy")


class DistanceWindow(QtWidgets.QMainWindow):
    """Histogram of the distances, and a button."""

    def __init__(self, controller, spike_ids, distances, parent=None):
        super().__init__(parent)
        self.controller, self.spike_ids, self.distances = controller, spike_ids, distances
        self.canvas = FigureCanvasQTAgg(Figure(figsize=(4, 3)))
        self.canvas.figure.subplots().hist(distances, bins=50)
        self.button = QtWidgets.QPushButton("Split")
        self.button.clicked.connect(self.split)
        box = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(box)
        column.addWidget(self.canvas)
        column.addWidget(self.button)
        self.setCentralWidget(box)
        self.setAttribute(QtCore.Qt.WA_DeleteOnClose)

    @QtCore.Slot()
    def split(self):
        labels = (self.distances > np.quantile(self.distances, 0.9)).astype(int) + 1
        self.controller.supervisor.actions.split(self.spike_ids, labels)
        self.close()


class MahalanobisDetect(IPlugin):
    """Outliers by Mahalanobis distance."""

    def __init__(self):
        super().__init__()
        self._shuffle = False

    def attach_to_controller(self, controller):
        @connect
        def on_gui_ready(sender, gui):
            @controller.supervisor.actions.add(shortcut="alt+x", prompt=False)
            def mahalanobis_outliers():
                """Show the distances of the selected clusters' spikes."""
                import seaborn  # noqa: F401
                from sklearn.covariance import EmpiricalCovariance

                cluster_ids = controller.supervisor.selected
                spike_ids = controller.supervisor.clustering.spikes_in_clusters(cluster_ids)
                data = controller.model._load_features().data[spike_ids]
                x = np.reshape(data, (len(data), -1))
                distances = EmpiricalCovariance().fit(x).mahalanobis(x)
                self.window = DistanceWindow(controller, spike_ids, distances, parent=gui)
                self.window.show()
