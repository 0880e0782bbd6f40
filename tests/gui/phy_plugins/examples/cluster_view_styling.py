"""Colours of the cluster table."""

from phy import IPlugin
from phy.cluster.supervisor import ClusterView


class ExampleClusterViewStylingPlugin(IPlugin):
    """Another background."""

    def attach_to_controller(self, controller):
        ClusterView._styles += """
            QTableView { background-color: #112233; }
            QTableView::item { padding: 1px; }
        """
