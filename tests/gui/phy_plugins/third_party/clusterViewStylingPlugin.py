"""Colours of rows, as the table of web pages had them."""

from phy import IPlugin
from phy.cluster.supervisor import ClusterView


class ClusterViewStylingPlugin(IPlugin):
    """Yellow multi-unit activity, bold good clusters."""

    def attach_to_controller(self, controller):
        ClusterView._styles += """
            table tr[data-group='mua'] { color: yellow; }
            table tr[data-group='good'] { font-weight: bold; background-color: #003300; }
        """
