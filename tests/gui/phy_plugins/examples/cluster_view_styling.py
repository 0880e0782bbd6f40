"""Colours of the cluster table."""

from phy import IPlugin
from phy.cluster.supervisor import ClusterView


class ExampleClusterViewStylingPlugin(IPlugin):
    """Another background of the selected rows."""

    def attach_to_controller(self, controller):
        ClusterView._styles += """
            QTableView { selection-background-color: #336699; }
            QTableView::item { padding: 1px; }
        """
