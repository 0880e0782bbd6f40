"""What the pipeline can be told: a table of settings for each stage, from a TOML file or by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from phy_medicine.base.configuration import nearest
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import changed, params_of, setting
from phy_medicine.base.words import shortened
from phy_medicine.compute.job_files import as_json
from phy_medicine.compute.localize.settings import CORRECTED, LocalizeSettings
from phy_medicine.compute.motion.settings import MotionSettings
from phy_medicine.compute.peak_settings import PeakSettings
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.io.toml_file import read_toml

TABLES: Mapping[str, type] = {
    "detect": PeakSettings,
    "localize": LocalizeSettings,
    "motion": MotionSettings,
    "sort": SortingSettings,
}
"""Stage -> its settings; the names are those of the tables in a file."""
RUN = "run"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What concerns every stage."""

    chunk_s: float = setting(
        10.0, "Stretch of a recording that is one piece of work", unit="s", minimum=1.0, maximum=3600.0
    )
    device: str = setting("auto", "Where motion and sorting compute: auto, cpu, cuda, cuda:N or mps")
    seed: int = setting(0, "Of everything that is drawn at random", minimum=0)


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Settings of all stages."""

    run: RunSettings = field(default_factory=RunSettings)
    detect: PeakSettings = field(default_factory=PeakSettings)
    localize: LocalizeSettings = field(default_factory=LocalizeSettings)
    motion: MotionSettings = field(default_factory=MotionSettings)
    sort: SortingSettings = field(default_factory=SortingSettings)

    @classmethod
    def of(cls, tables: Mapping[str, Mapping[str, Any]]) -> PipelineSettings:
        """Make settings of values by table and name; device and seed of `run` are those of the stages.

        Raises
        ------
        PhyMedError : unknown table or name, a value out of range, or a method that sees more than one piece
        """
        unknown = next((name for name in tables if name not in (RUN, *TABLES)), None)
        if unknown is not None:
            raise PhyMedError(f"There is no table [{shortened(unknown)}]; there are {', '.join((RUN, *TABLES))}.")
        run = _checked(RUN, RunSettings(), tables)
        general = {"device": run.device, "seed": run.seed}
        localize = _checked("localize", LocalizeSettings(), tables)
        if localize.method == CORRECTED:
            raise PhyMedError(
                "[localize] method = corrected learns from the whole recording, which no piece of it sees; run "
                "phy-med localize --method corrected on the sorted dataset instead."
            )
        _checked("motion", MotionSettings(), tables)
        return cls(
            run,
            _checked("detect", PeakSettings(), tables),
            localize,
            MotionSettings.of(**{**general, **tables.get("motion", {})}),
            _checked("sort", changed(SortingSettings(), **general), tables),
        )

    def as_dict(self) -> dict[str, Any]:
        """Every value by table and name, as JSON can hold it."""
        values: dict[str, Any] = as_json(asdict(self))
        return values


def _checked(table: str, settings: Any, tables: Mapping[str, Mapping[str, Any]]) -> Any:
    """Settings with the values of a table."""
    known = [param.name for param in params_of(settings)]
    values = tables.get(table, {})
    unknown = next((name for name in values if name not in known), None)
    if unknown is not None:
        raise PhyMedError(f"[{table}] has no setting {shortened(unknown)}.{nearest(unknown, known)}")
    try:
        return changed(settings, **values)
    except PhyMedError as error:
        raise PhyMedError(f"[{table}] {error}") from None


def read_config(path: Path) -> dict[str, dict[str, Any]]:
    """Read tables of settings from a TOML file.

    Raises
    ------
    PhyMedError : it cannot be read, or holds something else than tables
    """
    try:
        content = read_toml(path)
    except (OSError, ValueError) as error:
        raise PhyMedError(f"{path} is no TOML file that can be read: {error}.") from None
    loose = next((name for name, values in content.items() if not isinstance(values, dict)), None)
    if loose is not None:
        raise PhyMedError(
            f"{path}: {shortened(loose)} stands in no table; write it below [run], [detect], [localize], ..."
        )
    return content
