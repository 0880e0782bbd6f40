"""The parameters of a Kwik file: what SpikeDetekt was told, with its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.words import shown
from phy_medicine.io.checks import CheckList
from phy_medicine.io.h5 import H5File, number_of, text_of
from phy_medicine.io.kwik_write import MARGIN, SPIKEDETEKT, VERSION
from phy_medicine.io.model import WaveformRule
from phy_medicine.io.params_py import FASTEST_HZ, SLOWEST_HZ

_LONGEST_S, _LONGEST = 0.1, 1000  # of a waveform, on each side of the spike; in s and, where the rate is low, samples
_LARGEST_ORDER = 20


@dataclass(frozen=True, slots=True)
class KwikSettings:
    """What is read from `/application_data/spikedetekt`.

    sample_rate : Hz
    n_channels : columns of a `.dat` file, None when not given
    dtype : sample type of a `.dat` file, None when not given
    n_features_per_channel : components of each channel
    waveforms : how waveforms are cut and filtered
    other : every further attribute
    """

    sample_rate: float
    n_channels: int | None
    dtype: np.dtype[Any] | None
    n_features_per_channel: int
    waveforms: WaveformRule
    other: Mapping[str, Any]


def check_version(file: H5File) -> None:
    """Refuse what is no Kwik file of version 2.

    Raises
    ------
    DatasetError : with the reason
    """
    version = number_of(file.read_attr("/", "kwik_version", None))
    if version is None:
        raise DatasetError(f"{file.path} is no Kwik file: it names no kwik_version.")
    if version != VERSION:
        raise DatasetError(f"{file.path} is of Kwik version {version:g}; only version {VERSION} can be opened.")


def read_settings(file: H5File, checks: CheckList) -> KwikSettings:
    """Read the parameters; missing ones take SpikeDetekt's defaults.

    Raises
    ------
    DatasetError : the sample rate is not known
    """
    taker = _Taker(file, checks)
    sample_rate = taker.number("sample_rate", 0.0) or _rate_of_recordings(file)
    if not sample_rate > 0:
        raise DatasetError(f"{file.path.name} gives no sample rate at {SPIKEDETEKT}; add the attribute sample_rate.")
    if not SLOWEST_HZ <= sample_rate <= FASTEST_HZ:
        raise DatasetError(f"{file.path.name} gives a sample rate of {sample_rate:g} Hz, which cannot be; correct it.")
    n_channels = taker.whole("n_channels", 0) or taker.whole("nchannels", 0)
    return KwikSettings(
        sample_rate=sample_rate,
        n_channels=n_channels or None,
        dtype=taker.dtype(),
        n_features_per_channel=max(1, taker.whole("n_features_per_channel", 3)),
        waveforms=_waveform_rule(taker, sample_rate),
        other=taker.left,
    )


def _waveform_rule(taker: _Taker, sample_rate: float) -> WaveformRule:
    order = max(1, taker.whole("filter_butter_order", 3))
    if order > _LARGEST_ORDER:
        taker.warn("filter_butter_order", f"is {order:,}, which no filter can be; the default of 3 is used.")
        order = 3
    low = taker.number("filter_low", 500.0)
    high = taker.number("filter_high_factor", 0.475) * sample_rate
    if not 0 < low < high:
        taker.warn("filter_low", "does not lie below the upper edge of the filter; the default of 500 Hz is used.")
        low, high = 500.0, 0.475 * sample_rate
    before, after = taker.whole("extract_s_before", 10), taker.whole("extract_s_after", 10)
    if min(before, after) < 1 or max(before, after) > max(_LONGEST_S * sample_rate, _LONGEST):
        taker.warn("extract_s_before", "leaves no waveform; 10 samples before and after the spike are cut out.")
        before = after = 10
    return WaveformRule(
        before=before,
        after=after,
        band_hz=(low, high),
        order=order,
        margin=min(max(taker.whole(MARGIN, 3 * order), 0), _LONGEST),
        filtered=bool(taker.number("waveform_filter", 1.0)) and low < high,
        offset=taker.number("waveform_dc_offset", 0.0),
        scale=taker.number("waveform_scale_factor", 1.0) or 1.0,
    )


def _rate_of_recordings(file: H5File) -> float:
    """The sample rate of the first recording that gives one, 0 when none does."""
    for recording in file.children("/recordings"):
        rate = number_of(file.read_attr(f"/recordings/{recording}", "sample_rate", None))
        if rate is not None and rate > 0:
            return float(rate)
    return 0.0


class _Taker:
    """Takes one attribute after the other; what is damaged counts as missing, with a remark."""

    def __init__(self, file: H5File, checks: CheckList) -> None:
        self.left = file.attrs(SPIKEDETEKT)
        self._name = file.path.name
        self._checks = checks

    def number(self, key: str, default: float) -> float:
        value = self.left.pop(key, None)
        if value is None or (isinstance(value, str) and value == "None"):
            return default
        if isinstance(value, str) and value in ("True", "False"):
            return float(value == "True")
        found = number_of(value)
        if found is None or not np.isfinite(found):
            self.warn(key, f"is {shown(value)} and no number; {default:g} is used.")
            return default
        return float(found)

    def whole(self, key: str, default: int) -> int:
        return round(self.number(key, default))

    def dtype(self) -> np.dtype[Any] | None:
        text = text_of(self.left.pop("dtype", ""))
        try:
            found = np.dtype(text) if text else None
            if found is None or found.kind in "iuf":
                return found
        except (TypeError, ValueError, SyntaxError):
            pass
        self.warn("dtype", f"{text!r} is no sample type; int16 is taken for a .dat file.")
        return None

    def warn(self, key: str, message: str) -> None:
        self._checks.warn(self._name, f"{key} {message}")
