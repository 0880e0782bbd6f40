"""Clusters in the two directions that tell them apart best, beside their templates."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.curation.colors import further_colors
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views import lda_marks, template_boxes
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.cluster_scatter import number
from phy_medicine.views.contrast import legible
from phy_medicine.views.flow import Item, draw_flow, line_height, lines_of
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, WHEEL_FACTOR, Click
from phy_medicine.views.lasso import points_in_polygon
from phy_medicine.views.lasso_work import LassoWork
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.lda_block import LdaBlock, build, kept_key, shown_clusters, table_of
from phy_medicine.views.lda_settings import LDASettings, actions_of
from phy_medicine.views.nearest import REACH, nearest_point, words_of_spike
from phy_medicine.views.scatter import POINT_BUDGET, span_of
from phy_medicine.views.template_boxes import FIRST, HIDDEN, N_PANELS

_SELECTED, _NEAREST = 0.75, 0.5
_LARGE_POINTS = 3_000
# Spikes read at once for a lasso: 6 ms for scores of the file, in memory.
_CHUNK = 1 << 11


class LDAView(View):
    """The selected clusters, or one and its nearest, where a linear discriminant puts their spikes; their templates."""

    name, title = "LDAView", "LDA of clusters"
    max_clusters = 20
    has_lasso = True
    axes = Axes(x="x", y="y")
    settings_type = LDASettings
    drawn_settings = frozenset({"spikes", "templates", "marker_size"})
    # The directions are of the spikes of one time range.
    shares_scale = False

    # What the plane is of, and a lasso in the plane of before something was supposed.
    _meaning: tuple[Any, ...] = ()
    _set_aside: tuple[tuple[Any, ...], FloatArray] | None = None
    _legends: tuple[tuple[list[list[Item]], float, float], ...] = ()

    def make_panels(self) -> Panels:
        """Return the panel of the spikes, then one for each channel of the templates, which zoom together."""
        links = [0] + [1] * (N_PANELS - FIRST)
        return Panels(N_PANELS, x_links=links, y_links=links)

    # Arrays

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether two clusters or more were worked out before; the nearest of a single one take 2 ms to find."""
        ids, data = self.limited(request).cluster_ids, self.host.data
        return len(ids) > 1 and data.is_kept(kept_key(shown_clusters(data, ids, 0), **self._options))

    def prepare(self, request: ViewRequest) -> LdaBlock:
        """Work out the plane, the errors of pairs, and the templates."""
        shown = shown_clusters(self.host.data, request.cluster_ids, self.settings.n_nearest)
        return build(self.host.data, shown, **self._options)

    @property
    def _options(self) -> dict[str, Any]:
        return {name: getattr(self.settings, name) for name in ("mode", "source", "n_spikes")}

    def upload(self, block: LdaBlock) -> None:
        """Draw spikes as points while they are few, as densities when they are many; then the templates."""
        self._keep_lasso(block)
        self.panels.set_home(0, x=span_of(block.x), y=span_of(block.y))
        self.picture.clear()
        self._add_spikes(block)
        if block.templates is not None:
            self.panels.set_home(slice(FIRST, None), x=(0.0, 1.0), y=block.templates.span)
            if self.settings.templates:
                widths = [2.0 if row == 0 else 1.5 for row in range(len(block.shown.cluster_ids))]
                template_boxes.add_templates(self.picture, block.templates, self.shown_colors, widths)
        n_selected = len(self.request.cluster_ids) if self.request is not None else 0
        self.status = lda_marks.in_words(block, n_selected, self.host.data.channel_labels)

    def _keep_lasso(self, block: LdaBlock) -> None:
        """Forget a lasso that was drawn in another plane; while a split is only supposed it is set aside."""
        meaning = block.shown, block.channel_ids, self.settings.mode, self.settings.source
        if meaning == self._meaning:
            return
        supposed = any(hasattr(c, "parts") for c in block.shown.cluster_ids)
        if not supposed and self._set_aside is not None and self._set_aside[0] == meaning:
            corners = self._set_aside[1]
        else:
            corners = np.zeros((0, 2))
        if supposed and len(self.scene.lasso):
            self._set_aside = self._meaning, self.scene.lasso.corners
        elif not supposed:
            self._set_aside = None
        self._meaning = meaning
        self.clear_lasso()
        for x, y in corners.tolist():
            self.scene.lasso.add(0, x, y)

    def _add_spikes(self, block: LdaBlock) -> None:
        n, shade = len(block.x), self.shown_colors.copy()
        shade[:, 3] = np.where(np.arange(len(shade)) < block.shown.n_selected, _SELECTED, _NEAREST)
        if n <= POINT_BUDGET:
            size = self.settings.marker_size * float(np.clip((_LARGE_POINTS / max(n, 1)) ** 0.5, 0.5, 1.0))
            self.picture.points(block.x, block.y, color=shade, index=block.rows, size=size)
            return
        for row, color in enumerate(shade):
            mine = block.rows == row
            self.picture.density(block.x[mine], block.y[mine], color=color, cell=2, faintest=0.5)

    @property
    def shown_colors(self) -> FloatArray:
        """(n, 4) colours of the clusters that are drawn; the nearest have those that they would get next."""
        n = 0 if self.block is None else len(self.block.shown.cluster_ids)
        every = np.concatenate([self.colors, further_colors(self.colors, n - len(self.colors))])
        return legible(every, self.scene.theme.rgba("view"))

    # Surroundings

    def arrange(self, box: Box) -> None:
        """Place the spikes beside the templates, or above them, each below its own text."""
        block: LdaBlock | None = self.block
        rects = [HIDDEN] * N_PANELS
        self._legends = ()
        if block is None:
            rects[0] = self.scene.inner(box)
        else:
            unit = self.scene.theme.font_px * self.ratio / 12
            wanted = self.settings.templates and block.templates is not None
            parts = {"spikes": self.settings.spikes or not wanted, "templates": wanted}
            spikes, templates = lda_marks.split(box, unit, self.ratio, **parts)
            colors = self.shown_colors
            legend = [lda_marks.cluster_items(block, colors), lda_marks.error_items(block, colors)]
            if spikes is not None:
                rects[0] = self.scene.inner(self._below(spikes, 10 * self.ratio, *legend))
            if templates is not None and block.templates is not None:
                flows = [lda_marks.distance_items(block, colors)]
                inner = self._below(templates, 0.0, *(flows if spikes is not None else [legend[0], *flows]))
                places = self.host.data.channel_positions
                boxes = template_boxes.box_rects(self.scene, block.templates, places, inner)
                rects[FIRST : FIRST + len(boxes)] = boxes
        self.panels.set_rects(np.array(rects))

    def _title(self, axis: int, room: float) -> str:
        """Return the title of an axis, shorter where there is little room; a discriminant's unit is the deviation."""
        name = self.block.plane.names[axis]
        unit = "s.d." if "iscriminant" in name else "a.u."
        titles = [f"{name} ({unit})", f"{name.split(' of ')[0]} ({unit})", name.split(" ")[0]]
        return next((title for title in titles if self.scene.over.text_width(title) <= room), "")

    def _below(self, box: Box, indent: float, *flows: list[Item]) -> Box:
        """Put flows of text at the top of a box, as far as there is room, and return what is left of it."""
        left, top, right, bottom = box
        left_over = lda_marks.most_lines(self.scene, box)
        for items in flows:
            lines = lines_of(self.scene, items, right - left - indent, left_over)
            self._legends += ((lines, left + indent, top),)
            top += len(lines) * line_height(self.scene)
            left_over -= len(lines)
        return left, min(top + 2 * self.ratio, bottom), right, bottom

    def decorate(self) -> None:
        """Add the axes, which colour is which cluster, errors and distances, and what stands around the templates."""
        block: LdaBlock | None = self.block
        if block is None:
            return
        left, top, right, bottom = (float(edge) for edge in self.panels.rects[0])
        if block.missing and right > 0:
            lda_marks.draw_missing(self.scene, block.missing, (left, top, right, bottom))
        elif right > 0:
            self.scene.draw_axes(0, Axes(self._title(0, right - left), self._title(1, bottom - top)))
        for lines, x, y in self._legends:
            draw_flow(self.scene, lines, x, y)
        if block.templates is not None and self.panels.rects[FIRST, 2] > 0:
            labels = [self.host.data.channel_labels[c] for c in block.templates.channel_ids]
            template_boxes.draw_boxes(self.scene, block.templates, labels, self.host.data.sample_rate)

    # What is where

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the nearest spike within 8 px, or of the nearest template."""
        row = self._row_at(x, y)
        return None if row is None else self.block.shown.cluster_ids[row]

    def _row_at(self, x: float, y: float) -> int | None:
        found = self._spike_at(x, y)
        return self._template_at(x, y) if found is None else int(self.block.rows[found])

    def _spike_at(self, x: float, y: float) -> int | None:
        block: LdaBlock | None = self.block
        if block is None or self.panels.at(x, y) != 0:
            return None
        return nearest_point(self.panels, 0, block.x, block.y, place=(x, y), reach=REACH * self.ratio)

    def _template_at(self, x: float, y: float) -> int | None:
        """The row of the template whose curve is nearest at that moment, within 8 px."""
        panel, block = self.panels.at(x, y), self.block
        if block is None or block.templates is None or panel is None or panel < FIRST:
            return None
        waves = block.templates.data[:, :, panel - FIRST]
        at = float(self.panels.to_data(panel, x, y)[0]) * (waves.shape[1] - 1)
        values = waves[:, int(np.clip(round(at), 0, waves.shape[1] - 1))]
        away = np.abs(self.panels.to_pixels(panel, 0.0, values)[1] - y)
        if not (away <= REACH * self.ratio).any():
            return None
        return int(np.nanargmin(away))

    def describe(self, x: float, y: float) -> Words | None:
        found, block = self._spike_at(x, y), self.block
        if found is None:
            row = self._template_at(x, y)
            if row is None:
                return None
            panel = self.panels.at(x, y)
            assert panel is not None
            channel = self.host.data.channel_labels[block.templates.channel_ids[panel - FIRST]]
            value = number(float(self.panels.to_data(panel, x, y)[1]))
            return f"template of cluster {block.shown.cluster_ids[row]}\nchannel {channel} · {value} raw", x, y
        time_s = float(self.host.data.spike_times[block.spike_ids[found]])
        values = f"x {number(float(block.x[found]))} · y {number(float(block.y[found]))}"
        px, py = self.panels.to_pixels(0, block.x[found], block.y[found])
        return words_of_spike(block.shown.cluster_ids[block.rows[found]], time_s, values), float(px), float(py)

    # Gestures and actions

    def on_click(self, click: Click) -> None:
        """Say which cluster a spike or a template is of; with Shift select it as well."""
        cluster_id = self.pick(click.x, click.y)
        if click.button != LEFT or cluster_id is None:
            return
        if click.modifiers == {"shift"}:
            self.host.select_more([cluster_id])
        elif not click.modifiers:
            near = cluster_id not in self.cluster_ids
            self.host.message(f"Cluster {cluster_id}" + (", not selected; Shift+click adds it." if near else "."))

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Alt+wheel changes the size of the points."""
        if modifiers == {"alt"}:
            self.change(marker_size=float(np.clip(self.settings.marker_size * WHEEL_FACTOR**notches, 1.0, 20.0)))

    def add_lasso_corner(self, click: Click) -> None:
        """Add a corner to the lasso around spikes."""
        if click.panel is not None and click.panel >= FIRST:
            self.host.message("Draw the lasso around spikes; over the templates it encloses none.")
            return
        super().add_lasso_corner(click)

    def lasso_work(self) -> LassoWork | None:
        """Return how to find all spikes of the selected clusters inside the lasso, drawn or not; never the nearest."""
        lasso, block = self.scene.lasso, self.block
        if block is None or block.plane is None or block.scores is None or not lasso.closed:
            return None
        corners, plane, scores = lasso.corners, block.plane, block.scores
        spike_ids = self._drawn_request.spike_ids

        def check() -> None:
            scores.check_all(np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *spike_ids])))

        def inside(chunk: IntArray) -> BoolArray:
            # As float32, as they are drawn.
            return points_in_polygon(*plane.of(table_of(scores.of(chunk))).astype(np.float32).T, corners)

        quick = sum(map(len, spike_ids)) <= scores.n_quick
        return LassoWork(tuple((ids, inside) for ids in spike_ids), _CHUNK, check, quick)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return actions_of(self)
