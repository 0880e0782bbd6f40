"""Saving a curation in phy's own files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from phy_medicine.io.fingerprint import Fingerprint
from phy_medicine.io.generation import pending_files
from phy_medicine.io.metadata import METRICS_FILE, format_cluster_info, format_field, has_foreign_metrics
from phy_medicine.io.model import Curation
from phy_medicine.io.safe_write import SaveReport, SaveSet


class TemplateSaver:
    """Writes `spike_clusters.npy`, `cluster_<field>.tsv`, `cluster_info.tsv` and `cluster_metrics.tsv` of one dataset.

    clusters_name : file of the labels
    fingerprints : of the files as they were read
    """

    def __init__(self, dataset_dir: Path, clusters_name: str, fingerprints: Mapping[str, Fingerprint]) -> None:
        self._dir = dataset_dir
        self._clusters_name = clusters_name
        self._known = dict(fingerprints)
        self._failed: SaveSet | None = None

    def labels_changed(self) -> str:
        """Return the file of the labels when another program changed it since it was read or saved here, else ""."""
        name = self._clusters_name
        file, known = pending_files(self._dir).get(name, self._dir / name), self._known.get(name)
        return "" if (known.matches(file) if known else not file.exists()) else name

    def save(self, curation: Curation, *, force: bool = False) -> SaveReport:
        """Write all files or none, with a dated backup of what they replace.

        Raises
        ------
        FileChangedError : without `force`, another program changed a file since it was read
        SaveError : nothing was replaced, or the sentence says otherwise
        """
        self.took_effect()
        files = SaveSet(self._dir, self._known)
        files.add_labels(self._clusters_name, curation.labels)
        for field in sorted(curation.fields):
            files.add(f"cluster_{field}.tsv", format_field(field, curation.fields[field], curation.cluster_ids))
        files.add("cluster_info.tsv", format_cluster_info(curation.info()))
        taken = Path(METRICS_FILE).stem.removeprefix("cluster_") in curation.fields
        if curation.metrics and not taken and not has_foreign_metrics(self._dir):
            files.add(METRICS_FILE, curation.metrics)
        self._failed = files  # until it is known that it went well
        report = files.commit(force=force)
        self._failed = None
        self._known = {**self._known, **report.fingerprints}
        return report

    def took_effect(self) -> bool:
        """Return whether the last save, which failed, is in the files all the same; it is completed where possible.

        Raises
        ------
        SaveError : the disk does not answer
        """
        if self._failed is None:
            return False
        done = self._failed.took_effect()
        if done:
            self._known = {**self._known, **self._failed.fingerprints()}
        self._failed = None
        return done
