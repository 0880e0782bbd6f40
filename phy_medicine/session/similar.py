"""Which clusters look like a given one."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.curation.similarity import TemplateSimilarity, similarity_from_templates
from phy_medicine.curation.vector_similarity import VectorSimilarity
from phy_medicine.io.model import Model
from phy_medicine.session.facts import SessionFacts

_N_SPIKES = 200


class SimilarClusters:
    """Rows of the similarity table, from the sorter's matrix or from the templates themselves.

    The matrix of the sorter is used when it exists and tells templates apart; otherwise similarity is computed
    from the unwhitened templates at the first question. Without templates the mean features, weighted by the masks,
    are compared; without these either, clusters are similar when they share their peak channel.
    """

    def __init__(self, model: Model, facts: SessionFacts) -> None:
        self._model = model
        self._facts = facts
        self._similarity: TemplateSimilarity | VectorSimilarity | None = None

    @property
    def metric(self) -> str:
        """What the numbers are, in words."""
        if self._model.similar_templates is not None:
            return "similar_templates.npy"
        if self._model.masks is not None:
            return "mean features"
        return "template correlation" if self._model.has_templates else "peak channel"

    def rows(self, reference: int) -> dict[int, float]:
        """Return the clusters most similar to a living cluster, largest first, without itself; at most 99."""
        if self._similarity is None:
            self._similarity = self._make()
        ids, values = self._similarity.rows(reference)
        return {i: v for i, v in zip(ids.tolist(), values.tolist(), strict=True) if i != reference}

    def _make(self) -> TemplateSimilarity | VectorSimilarity:
        masks, facts = self._model.masks, self._facts
        if masks is not None:
            return VectorSimilarity(lambda c: masks.mean_features(facts.pick(c, _N_SPIKES)), facts.cluster_ids)
        return TemplateSimilarity(self._matrix(), facts.template_counts, facts.cluster_ids)

    def _matrix(self) -> FloatArray:
        model = self._model
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
