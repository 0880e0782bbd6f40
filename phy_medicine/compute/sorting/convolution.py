"""Sums of shifted templates, and scores of templates at every sample; import only where torch may be."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor

DIRECT, FFT = "conv1d", "fft"


def convolve(templates: Tensor, amplitudes: Tensor, *, method: str = DIRECT) -> Tensor:
    """Return the sum of every unit's template, scaled and shifted to each of its amplitudes.

    Parameters
    ----------
    templates, amplitudes : (K, N, D) and (K, T); with amplitudes (T,) of one unit (N, D); without channels (D,), or
        (K, D) for several units
    method : "conv1d" or "fft"

    Returns
    -------
    (N, T), without channels (T,); what would be past the end is cut off
    """
    flat = templates.ndim == amplitudes.ndim
    if amplitudes.ndim == 1:
        templates, amplitudes = templates[None], amplitudes[None]
    if flat:
        templates = templates[:, None]
    n_samples, width = amplitudes.shape[1], templates.shape[2]
    if method == FFT:
        size = next_fast_len(n_samples + width - 1, real=True)
        spectrum = torch.einsum("knf,kf->nf", torch.fft.rfft(templates, size), torch.fft.rfft(amplitudes, size))
        out = torch.fft.irfft(spectrum, size)[:, :n_samples]
    else:
        # conv1d is a cross-correlation
        kernel = templates.transpose(0, 1).flip(2)
        out = F.conv1d(F.pad(amplitudes, (width - 1, 0))[None], kernel)[0]
    return out[0] if flat else out


def correlate(templates: Tensor, data: Tensor, *, method: str = DIRECT) -> Tensor:
    """Return the score of every template at every sample: its product with the data from there on.

    Parameters
    ----------
    templates, data : (K, N, D) and (N, T); one unit (N, D); without channels, data (T,), (D,) or (K, D)
    method : "conv1d" or "fft"

    Returns
    -------
    (K, T), for one unit (T,); data are taken as 0 after their end
    """
    if data.ndim == 1:
        templates, data = templates[..., None, :], data[None]
    one = templates.ndim == 2
    if one:
        templates = templates[None]
    n_samples, width = data.shape[1], templates.shape[2]
    if method == FFT:
        size = next_fast_len(n_samples + width - 1, real=True)
        spectrum = torch.einsum("knf,nf->kf", torch.fft.rfft(templates, size).conj(), torch.fft.rfft(data, size))
        out = torch.fft.irfft(spectrum, size)[:, :n_samples]
    else:
        out = F.conv1d(F.pad(data, (0, width - 1))[None], templates)[0]
    return out[0] if one else out
