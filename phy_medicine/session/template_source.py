"""The template of each cluster, for views that show those of all clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.io.model import Model
from phy_medicine.session.blocks import DataMissing, TemplateShape
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.cluster_facts import ClusterFacts


class TemplateSource:
    """Main templates, those with most spikes of a cluster; safe to call from any thread."""

    def __init__(self, model: Model, facts: ClusterFacts, cache: ArrayCache) -> None:
        self._model = model
        self._facts = facts
        self._cache = cache

    def amplitudes(self, cluster_ids: Sequence[int]) -> FloatArray:
        """Return the peak-to-peak amplitude of each cluster's template on every channel.

        Returns
        -------
        (n_clusters, n_channels) float32, raw units, 0 where a template has no data

        Raises
        ------
        DataMissing : the dataset has no templates
        """
        templates = self._model.templates
        if templates is None or not self._model.has_templates:
            raise DataMissing(self._model.missing("templates"))
        every = templates.channel_amplitudes()
        ids = np.array([self._facts.main_template(c) for c in cluster_ids], dtype=np.int64)
        known = ids < len(every)
        found: FloatArray = np.where(known[:, None], every[np.where(known, ids, 0)], np.float32(0))
        return frozen(found)

    def shape(self, cluster_id: int) -> TemplateShape:
        """Return the template of a cluster on its best channels; call it only where `amplitudes` has some."""
        template_id = self._facts.main_template(cluster_id)

        def read() -> TemplateShape:
            waveform = self._model.template(template_id)
            return TemplateShape(template_id, 0, waveform.data, waveform.channel_ids)

        return self._cache.get(("main template", template_id), read)
