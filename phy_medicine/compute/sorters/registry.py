"""The sorters and detectors that can be chosen by name, in the dialog and on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorters.detectors import ThresholdDetector
from phy_medicine.compute.sorters.interface import Detector, Sorter
from phy_medicine.compute.sorting.settings import SortingSettings

OURS = "deconvolution"
_detectors: dict[str, Callable[..., Detector]] = {ThresholdDetector.name: ThresholdDetector}


@dataclass(frozen=True, slots=True)
class SorterEntry:
    """A sorter that can be asked for.

    problem : why it cannot run here, a sentence with what to install; "" if it can
    """

    name: str
    title: str
    problem: str = ""


def register_detector(make: Callable[..., Detector], name: str) -> None:
    """Offer one more detector, in place of one of the same name."""
    _detectors[name] = make


def detector_names() -> tuple[str, ...]:
    """Return the detectors that can be asked for."""
    return tuple(_detectors)


def make_detector(name: str, **params: Any) -> Detector:
    """Return a detector with these parameters.

    Raises
    ------
    PhyMedError : there is none of this name, or it has no such parameter
    """
    if name not in _detectors:
        raise PhyMedError(f"There is no detector {name!r}; there are {', '.join(_detectors)}.")
    return _detectors[name](**params)


def typed_params(text: str) -> dict[str, str]:
    """Return parameters that were typed as `name=value name='other value'`.

    Raises
    ------
    PhyMedError : a word that is none
    """
    import shlex

    try:
        words = shlex.split(text)
    except ValueError as error:
        raise PhyMedError(f"{text!r} cannot be read as parameters: {error}.") from None
    found = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise PhyMedError(f"{word!r} is no parameter of a sorter; write name=value.")
        found[name] = value
    return found


def sorters() -> tuple[SorterEntry, ...]:
    """Return all sorters, those that can run here first; loads SpikeInterface."""
    from phy_medicine.compute.sorters.spikeinterface_sorter import sorter_names, why_not

    others = [SorterEntry(name, f"{name} (SpikeInterface)", why_not(name)) for name in sorter_names()]
    return (SorterEntry(OURS, OURS), *sorted(others, key=lambda entry: bool(entry.problem)))


def make_sorter(name: str, *, settings: SortingSettings | None = None, **params: Any) -> Sorter:
    """Return a sorter with these parameters.

    Parameters
    ----------
    name : "deconvolution", ours, or one of SpikeInterface
    settings : those of our sorter; of them others follow what is said of the filter and of templates
    params : of the sorter, beside the settings

    Raises
    ------
    PhyMedError : there is none of this name, it is not installed, or it has no such parameter
    """
    if name == OURS:
        from phy_medicine.compute.sorters.deconvolution import DeconvolutionSorter

        return DeconvolutionSorter(settings=settings, **params)
    from phy_medicine.compute.sorters.spikeinterface_sorter import SpikeInterfaceSorter

    return SpikeInterfaceSorter(name, settings=settings, **params)
