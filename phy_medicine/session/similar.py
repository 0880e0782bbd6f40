"""Which clusters look like a given one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from phy_medicine.base.errors import ActionError
from phy_medicine.base.log import logger
from phy_medicine.base.types import FloatArray
from phy_medicine.compute.pool import Pool, Priority
from phy_medicine.curation.similarity import TemplateSimilarity, similarity_from_templates
from phy_medicine.curation.vector_similarity import VectorSimilarity
from phy_medicine.io.model import Model
from phy_medicine.session.drift_similarity import DriftSimilarity
from phy_medicine.session.facts import SessionFacts
from phy_medicine.session.localization import NONE_IN_USE
from phy_medicine.session.plugin_similarity import SimilarityValues

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.session.motion import MotionState

METRICS = {"template": "template similarity", "drift": "drift-aware similarity"}
"""Metrics of the similarity table, and their names."""
POSITION, COMBINED = "position", "template_position"
"""Metrics that are there while a localization is in use."""
DRIFT_TASK = "drift similarity"
"""Key of the task of the pool that computes the drift-aware similarity."""
_N_SPIKES = 200


class SimilarClusters:
    """Rows of the similarity table, from the sorter's matrix or from the templates themselves.

    The matrix of the sorter is used when it exists and tells templates apart; otherwise similarity is computed
    from the unwhitened templates at the first question. Without templates the mean features, weighted by the masks,
    are compared; without these either, clusters are similar when they share their peak channel.

    While a motion is in use templates are compared with the motion taken out, unless somebody chose otherwise. That
    is computed in the pool; until it is ready the table keeps the template similarity.

    Parameters
    ----------
    A similarity of a plugin is computed for one reference after another; until a row is known, and where it failed,
    the template similarity is shown and named.

    motion : the motion in use; None: no drift-aware similarity
    pool : gives the threads that compute it
    plugins : similarities of plugins
    """

    changed = Signal()
    """Values or metric differ from before; emitted in any thread."""
    message = Signal(str)
    """One sentence: the chosen similarity is gone."""

    def __init__(
        self,
        model: Model,
        facts: SessionFacts,
        motion: MotionState | None = None,
        pool: Callable[[], Pool] | None = None,
        plugins: SimilarityValues | None = None,
    ) -> None:
        self._model = model
        self._facts = facts
        self._motion = motion
        self._pool = pool
        self._plugins = plugins
        # The reference whose row was shown last, and whether it was that of a plugin.
        self._seen: tuple[int | None, bool] = (None, True)
        self._similarity: TemplateSimilarity | VectorSimilarity | None = None
        self._template_matrix: FloatArray | None = None
        self._compare = DriftSimilarity(model)
        self._drift: tuple[Motion, TemplateSimilarity] | None = None
        self._failed: Motion | None = None
        self._computing = threading.Lock()
        self._choice: str | None = None
        self._wish: str | None = None
        self._at_once = False
        if motion is not None:
            motion.changed.connect(self._motion_changed)
        if plugins is not None:
            plugins.arrived.connect(self._plugin_arrived)

    @property
    def names(self) -> tuple[str, ...]:
        """What can be chosen, but for "auto"."""
        more = self._plugins.names if self._plugins is not None else ()
        return (*METRICS, *(name for name in more if name not in METRICS))

    def name_of(self, metric: str) -> str:
        """Return the name of a metric in words."""
        item = self._plugins.item(metric) if self._plugins is not None else None
        return (item.title or item.name) if item is not None else METRICS[metric]

    def help_of(self, metric: str) -> str:
        """Return the help of a metric of a plugin, "" for others."""
        item = self._plugins.item(metric) if self._plugins is not None else None
        return item.help if item is not None else ""

    @property
    def metric(self) -> str:
        """What was chosen: "template", "drift" or of a plugin; without a choice "drift" while a motion is in use."""
        if self._choice is not None and self._choice not in METRICS:
            return self._choice
        possible = self._known_motion() is not None
        return "drift" if possible and self._choice != "template" else "template"

    @metric.setter
    def metric(self, name: str) -> None:
        """Choose a metric; "auto" takes the choice back.

        Raises
        ------
        ActionError : no such metric, or "drift" without templates or a motion; nothing changes
        """
        if name in (POSITION, COMBINED) and name not in self.names:
            raise ActionError(NONE_IN_USE)
        if name not in (*self.names, "auto"):
            raise ActionError(f"There is no similarity {name!r}; choose one of {', '.join(self.names)}, auto.")
        if name == "drift" and self._of_plugin(name) is None:
            if not self._model.has_templates:
                raise ActionError("This dataset has no templates, which drift-aware similarity compares.")
            if self._motion is None or self._motion.current is None:
                raise ActionError("No motion is in use: estimate it first, with the job motion or phy-med motion.")
        self._choice, self._wish = None if name == "auto" else name, None
        self._start()
        self.changed.emit()

    def choose_when_there(self, name: str) -> None:
        """Choose a metric now, or as soon as there is one of this name, unless another one is chosen before.

        Raises
        ------
        ActionError : "drift" without templates or a motion
        """
        if name in (*self.names, "auto"):
            self.metric = name
        else:
            self._wish = name

    @property
    def at_once(self) -> bool:
        """Whether drift-aware similarity is computed in the thread that asks for it, as a script expects."""
        return self._at_once

    @at_once.setter
    def at_once(self, on: bool) -> None:
        self._at_once = on
        self._start()

    @property
    def automatic(self) -> bool:
        """Whether the metric follows from whether a motion is in use."""
        return self._choice is None

    @property
    def drift_possible(self) -> bool:
        """Whether a motion is in use and there are templates to compare."""
        return self._known_motion() is not None

    @property
    def shown_metric(self) -> str:
        """The metric of the values now: "template" while others are being computed, or failed."""
        if self._of_plugin(self.metric) is not None:
            return self.metric if self._seen[1] else "template"
        return "template" if self._ready() is None else "drift"

    @property
    def title(self) -> str:
        """The name of the metric shown."""
        plugins, reference = self._of_plugin(self.metric), self._seen[0]
        if plugins is not None:
            name = self.name_of(self.metric)
            if self._seen[1] or reference is None:
                return name
            failed = plugins.known(reference, self.metric)
            return f"{METRICS['template']}, {name} {'failed' if failed else 'soon'}"
        motion = self._known_motion()
        waiting = self.metric == "drift" and self.shown_metric == "template" and motion is not self._failed
        return METRICS[self.shown_metric] + (", drift-aware soon" if waiting else "")

    @property
    def source(self) -> str:
        """What the template similarity is made from, in words."""
        if self._model.similar_templates is not None:
            return "similar_templates.npy"
        if self._model.masks is not None:
            return "mean features"
        return "template correlation" if self._model.has_templates else "peak channel"

    def rows(self, reference: int) -> dict[int, float]:
        """Return the clusters most similar to a living cluster, largest first, without itself; at most 99."""
        plugins = self._of_plugin(self.metric)
        if plugins is not None:
            row = plugins.row(self.metric, reference)
            self._seen = reference, row is not None
            if row is not None:
                return row
        return self._rows(self._current(), reference)

    def ask_ahead(self, reference: int) -> None:
        """Have the row of a cluster that may be selected next computed; only those of plugins take long."""
        plugins = self._of_plugin(self.metric)
        if plugins is not None:
            plugins.ask(self.metric, (reference,), first=False)

    def matrix(self, cluster_ids: Sequence[int]) -> FloatArray:
        """Return the similarity of every cluster to every other, as the rows show it; (n, n) float32.

        Of a plugin, what is not known yet is NaN and computed in the background.
        """
        return self.titled_matrix(cluster_ids)[1]

    def template_rows(self, reference: int) -> dict[int, float]:
        """Return the clusters most similar by the templates themselves, whatever the metric is, without itself."""
        return self._rows(self._of_templates(), reference)

    def aware_rows(self, reference: int) -> dict[int, float]:
        """Return the clusters most similar by templates, with the motion in use taken out, without itself.

        In a worker: comparing templates under a motion for the first time takes a second.
        """
        motion = self._known_motion()
        if motion is None or motion is self._failed:
            return self.template_rows(reference)
        return self._rows(self._compute(motion)[1], reference)

    def aware_value(self, a: int, b: int) -> float:
        """Return the similarity of two clusters by templates with the motion in use taken out; NaN without a motion.

        In a worker, as `aware_rows`.
        """
        motion = self._known_motion()
        if motion is None or motion is self._failed:
            return float("nan")
        similarity = self._compute(motion)[1]
        with self._facts.lock:
            return float(similarity.matrix((a, b))[0, 1])

    def _rows(self, similarity: TemplateSimilarity | VectorSimilarity, reference: int) -> dict[int, float]:
        # An action asks with this lock held, and what is asked needs it: another lock might be waited for for ever.
        with self._facts.lock:
            ids, values = similarity.rows(reference)
        return {i: v for i, v in zip(ids.tolist(), values.tolist(), strict=True) if i != reference}

    def titled_matrix(self, cluster_ids: Sequence[int]) -> tuple[str, FloatArray]:
        """Return the name of the similarity with how far it is known, and the `matrix`."""
        plugins = self._of_plugin(self.metric)
        if plugins is not None:
            values, known = plugins.matrix(self.metric, cluster_ids)
            return self.name_of(self.metric) + (f", {known:.0%}" if known < 1 else ""), values
        return self.title, self._builtin_matrix(cluster_ids)

    def _builtin_matrix(self, cluster_ids: Sequence[int]) -> FloatArray:
        return self._current().matrix(cluster_ids)

    def _current(self) -> TemplateSimilarity | VectorSimilarity:
        motion = self._known_motion()
        if self.at_once and motion is not None and motion is not self._failed and self.metric == "drift":
            try:
                return self._compute(motion)[1]
            except Exception as error:
                self._give_up(motion, error)
        return self._ready() or self._of_templates()

    def _of_templates(self) -> TemplateSimilarity | VectorSimilarity:
        if self._similarity is None:
            with self._computing:
                self._similarity = self._similarity or self._make()
        return self._similarity

    # Of plugins

    def _of_plugin(self, metric: str) -> SimilarityValues | None:
        """What computes a metric, if it is a plugin's; a plugin may replace one of the program's own."""
        return self._plugins if self._plugins is not None and self._plugins.item(metric) is not None else None

    def _plugin_arrived(self, names: frozenset[str]) -> None:
        plugins, chosen = self._plugins, self._choice
        assert plugins is not None
        if self._wish is not None and self._wish in self.names:
            self.metric = self._wish
            return
        if chosen is not None and chosen not in self.names:
            self._choice = None
            self.message.emit(
                f"No positions of spikes are in use any more: clusters are compared by {self.title}. Choose some with "
                "use_localization."
                if chosen in (POSITION, COMBINED)
                else f"The similarity {chosen} is gone with its plugin; clusters are compared by {self.title}."
            )
            self._start()
            self.changed.emit()
            return
        reference, shown = self._seen
        now = reference is not None and plugins.known(reference, self.metric)
        if self.metric in names and ((now and not shown) or not plugins.busy):
            self.changed.emit()

    # Drift-aware

    def _known_motion(self) -> Motion | None:
        """The motion in use as far as it was read, where it can be made use of."""
        return None if self._motion is None or not self._model.has_templates else self._motion.known

    def _ready(self) -> TemplateSimilarity | None:
        """The drift-aware similarity if it is wanted and computed for the motion in use."""
        drift = self._drift
        wanted = self.metric == "drift" and drift is not None and drift[0] is self._known_motion()
        return drift[1] if wanted and drift is not None else None

    def _motion_changed(self, what: str) -> None:
        if what == "run":
            self._start()
            self.changed.emit()

    def _start(self) -> None:
        """Compute what is wanted and not there, in the background."""
        motion = self._known_motion()
        if motion is None or self._pool is None or self.metric != "drift" or self._ready() is not None or self.at_once:
            return
        self._failed = None
        self._pool().submit(
            DRIFT_TASK,
            self._compute,
            motion,
            priority=Priority.BACKGROUND,
            on_done=self._take_over,
            on_error=lambda error: self._give_up(motion, error),
        )

    def _compute(self, motion: Motion) -> tuple[Motion, TemplateSimilarity]:
        with self._computing:
            drift = self._drift
            if drift is None or drift[0] is not motion:
                matrix = self._compare.matrix(motion, self._matrix())
                drift = motion, TemplateSimilarity(matrix, self._facts.template_counts, self._facts.cluster_ids)
                if motion is self._known_motion():
                    self._drift = drift
            return drift

    def _take_over(self, _computed: tuple[Motion, TemplateSimilarity]) -> None:
        self.changed.emit()

    def _give_up(self, motion: Motion, error: BaseException) -> None:
        logger.error("Drift-aware similarity failed: %s", error, exc_info=error)
        self._failed = motion
        self.changed.emit()

    # Template similarity

    def _make(self) -> TemplateSimilarity | VectorSimilarity:
        masks, facts = self._model.masks, self._facts
        if masks is not None:
            return VectorSimilarity(lambda c: masks.mean_features(facts.pick(c, _N_SPIKES)), facts.cluster_ids)
        return TemplateSimilarity(self._matrix(), facts.template_counts, facts.cluster_ids)

    def _matrix(self) -> FloatArray:
        if self._template_matrix is None:
            self._template_matrix = _template_matrix(self._model)
        return self._template_matrix


def _template_matrix(model: Model) -> FloatArray:
    """(n_templates, n_templates) similarity without motion."""
    if model.similar_templates is not None:
        return model.similar_templates
    if not model.has_templates:
        peaks = model.template_peak_channels
        same: FloatArray = (peaks[:, None] == peaks[None, :]).astype(np.float32)
        return same
    shapes = [model.template(t) for t in range(model.n_templates)]
    n_local = max(len(s.channel_ids) for s in shapes)
    channels = np.full((len(shapes), n_local), -1)
    data = np.zeros((len(shapes), model.n_samples_template, n_local), dtype=np.float32)
    for row, shape in enumerate(shapes):
        channels[row, : len(shape.channel_ids)] = shape.channel_ids
        data[row, :, : len(shape.channel_ids)] = shape.data
    return similarity_from_templates(data, channels)
