"""Where the spikes of the selected clusters come from: across the probe against along it."""

from __future__ import annotations

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.scatter import ScatterView
from phy_medicine.views.spike_attributes import PlaneSettings, spikes_nearby

MISSING = "No positions of spikes are in use: compute them with Jobs > Positions of spikes, or phy-med localize."


class PositionView(ScatterView):
    """Localized x against depth of every spike; depths are without the motion while the session shows them so."""

    name, title = "PositionView", "Position"
    axes = Axes(x="x (µm)", y="Depth (µm)")
    settings_type = PlaneSettings

    def places(self, request: ViewRequest, spike_ids: IntArray) -> FloatArray:
        """Return x and depth of spikes."""
        data = self.host.data
        positions = data.localization.current
        if positions is None:
            raise DataMissing(MISSING)
        xy = positions.of(spike_ids)
        motion = data.motion.shown if data.motion.corrected else None
        if motion is not None:
            xy[:, 1] = data.depths.moved(xy[:, 1], spike_ids, motion)
        return xy

    def titles(self, request: ViewRequest) -> tuple[str, str]:
        """Return what the axes are."""
        return "x (µm)", "Corrected depth (µm)" if self.host.data.motion.corrected else "Depth (µm)"

    def behind(self, request: ViewRequest) -> IntArray:
        """Return spikes of clusters on the same channels."""
        return spikes_nearby(self.host.data, request) if self.settings.background else super().behind(request)

    def localization_changed(self, what: str) -> None:
        """Show other positions; the lasso was on the old ones."""
        if what == "run":
            self.clear_lasso()
            self.host.request(self)

    def motion_changed(self, what: str) -> None:
        """Show depths with the motion taken out, or as observed."""
        if what == "corrected" or self.host.data.motion.corrected:
            self.clear_lasso()
            self.host.request(self)
