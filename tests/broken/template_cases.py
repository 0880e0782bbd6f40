"""Templates, features and matrices that do not fit, are not finite, or do not belong together."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.broken.case import Topic
from tests.broken.sound import N, header, in_place, load, save

templates = Topic("Templates")
features = Topic("Features")


@templates.opens(
    "templates.npy is missing",
    "templates.npy: is missing, so no templates are shown and best channels come from the features.",
)
def has_no_templates(d: Path) -> None:
    in_place(d, "templates.npy")


@templates.opens(
    "no templates, no features, no raw data",
    "templates.npy: is missing, so no templates are shown and best channels come from the features.",
)
def has_next_to_nothing(d: Path) -> None:
    for name in ("templates.npy", "pc_features.npy", "recording.dat", "amplitudes.npy", "similar_templates.npy"):
        in_place(d, name)


@templates.opens("all templates are NaN", "templates.npy: 5 of 5 templates are 0 or NaN on all channels.")
def has_nan_templates(d: Path) -> None:
    save(d, "templates.npy", np.full_like(load(d, "templates.npy"), np.nan))


@templates.opens("infinite values in templates", "templates.npy: 2 of 5 templates are 0 or NaN on all channels.")
def has_infinite_templates(d: Path) -> None:
    data = load(d, "templates.npy")
    data[1, 3, 2], data[2], data[3] = np.inf, -np.inf, 3e38
    save(d, "templates.npy", data)


@templates.opens("templates that are 0 everywhere", "templates.npy: 5 of 5 templates are 0 or NaN on all channels.")
def has_zero_templates(d: Path) -> None:
    save(d, "templates.npy", np.zeros_like(load(d, "templates.npy")))


@templates.opens("one template for all spikes")
def has_one_template(d: Path) -> None:
    for name in ("spike_templates", "spike_clusters"):
        save(d, f"{name}.npy", np.zeros(N, dtype=np.int32))
    for name in ("templates", "pc_feature_ind"):
        save(d, f"{name}.npy", load(d, f"{name}.npy")[:1])
    save(d, "similar_templates.npy", np.ones((1, 1)))
    for name in ("template_features", "template_feature_ind"):
        in_place(d, f"{name}.npy")


@templates.opens(
    "fewer templates than the spikes name",
    "templates.npy: has 2 templates, but 127 spikes name 3 others up to 4; these have no waveform.",
)
def has_fewer_template_rows(d: Path) -> None:
    save(d, "templates.npy", load(d, "templates.npy")[:2])


@templates.opens("templates of one sample", "templates.npy: 5 of 5 templates are 0 or NaN on all channels.")
def has_templates_of_one_sample(d: Path) -> None:
    save(d, "templates.npy", load(d, "templates.npy")[:, 10:11])


@templates.opens(
    "templates without samples",
    "templates.npy has the shape (5, 0, 8), expected (n_templates, n_samples, n_channels). No templates are shown.",
)
def has_templates_without_samples(d: Path) -> None:
    save(d, "templates.npy", load(d, "templates.npy")[:, :0])


@templates.opens(
    "templates on other channels than those of the map",
    "templates.npy has 5 channels where the channel map has 8, and there is no template_ind.npy that says which they are. No templates are shown.",
)
def has_templates_of_other_channels(d: Path) -> None:
    save(d, "templates.npy", load(d, "templates.npy")[:, :, :5])


@templates.opens(
    "a template index beyond the channels",
    "template_ind.npy: 5 entries name channels beyond the 8 of the map and are ignored.",
)
def has_a_template_index_beyond(d: Path) -> None:
    index = np.tile(np.arange(8), (5, 1))
    index[2, 3:] = 2**40
    save(d, "template_ind.npy", index)


@templates.opens(
    "a template index that names no channel", "templates.npy: 5 of 5 templates are 0 or NaN on all channels."
)
def has_an_empty_template_index(d: Path) -> None:
    save(d, "template_ind.npy", np.full((5, 8), -1))


@templates.opens(
    "a template index of another shape",
    "templates.npy: template_ind.npy has the shape (3, 2), expected (5, 8). No templates are shown.",
)
def has_a_template_index_of_another_shape(d: Path) -> None:
    save(d, "template_ind.npy", np.zeros((3, 2), dtype=int))


@templates.opens(
    "a whitening matrix that has no inverse",
    "whitening_mat.npy: has no inverse. Templates are shown in whitened units.",
)
def has_a_singular_whitening(d: Path) -> None:
    in_place(d, "whitening_mat_inv.npy")
    save(d, "whitening_mat.npy", np.ones((8, 8)))


@templates.opens(
    "a whitening matrix of another shape",
    "whitening_mat_inv.npy: has the shape (5, 5), expected (8, 8). Templates are shown as if this file were absent.",
)
def has_a_whitening_of_another_shape(d: Path) -> None:
    save(d, "whitening_mat_inv.npy", np.eye(5))
    in_place(d, "whitening_mat.npy")


@templates.opens(
    "a whitening matrix that is not finite",
    "whitening_mat_inv.npy: holds NaN or infinite values. Templates are shown in whitened units.",
)
def has_a_nan_whitening(d: Path) -> None:
    save(d, "whitening_mat_inv.npy", np.full((8, 8), np.nan))


@templates.opens(
    "a similarity that is not finite", "similar_templates.npy: 25 of 25 values are NaN or infinite and count as 0."
)
def has_a_nan_similarity(d: Path) -> None:
    save(d, "similar_templates.npy", np.full((5, 5), np.nan))


@templates.opens(
    "a similarity that is not symmetric",
    "similar_templates.npy: is not symmetric: how similar two clusters are depends on which one is selected first.",
)
def has_an_asymmetric_similarity(d: Path) -> None:
    save(d, "similar_templates.npy", np.arange(25.0).reshape(5, 5))


@templates.opens(
    "a similarity of another shape",
    "similar_templates.npy: has the shape (4, 4), expected (5, 5). Similarity is computed from the templates instead.",
)
def has_a_similarity_of_another_shape(d: Path) -> None:
    save(d, "similar_templates.npy", np.eye(4))


@features.opens(
    "features of another number of spikes",
    "pc_features.npy: has 199 rows, expected 200: one for each spike. Features are not shown.",
)
def has_fewer_features(d: Path) -> None:
    save(d, "pc_features.npy", load(d, "pc_features.npy")[:-1])


@features.opens(
    "features of whole numbers",
    "pc_features.npy: has the shape (200, 3, 4) of int64, expected (n_spikes, n_pcs, n_channels). Features are not shown.",
)
def has_integer_features(d: Path) -> None:
    save(d, "pc_features.npy", load(d, "pc_features.npy").astype(int))


@features.opens(
    "features that are not finite",
    "pc_features.npy: 150 of 200 places looked at hold NaN or infinite values, which are not drawn.",
)
def has_nan_features(d: Path) -> None:
    data = load(d, "pc_features.npy")
    data[::2], data[1::4], data[3::4] = np.nan, np.inf, 3e38
    save(d, "pc_features.npy", data)


@features.opens(
    "all features are NaN",
    "pc_features.npy: 200 of 200 places looked at hold NaN or infinite values, which are not drawn.",
)
def has_only_nan_features(d: Path) -> None:
    save(d, "pc_features.npy", np.full_like(load(d, "pc_features.npy"), np.nan))


@features.opens("features of two axes")
def has_features_of_two_axes(d: Path) -> None:
    save(d, "pc_features.npy", load(d, "pc_features.npy")[:, :, 0])
    in_place(d, "pc_feature_ind.npy")


@features.opens(
    "features without components",
    "pc_features.npy: has the shape (200, 0, 4) of float32, expected (n_spikes, n_pcs, n_channels). Features are not shown.",
)
def has_features_without_components(d: Path) -> None:
    save(d, "pc_features.npy", load(d, "pc_features.npy")[:, :0])


@features.opens(
    "a feature index beyond the channels", "pc_feature_ind.npy: 20 entries lie beyond the 8 known and are ignored."
)
def has_a_feature_index_beyond(d: Path) -> None:
    save(d, "pc_feature_ind.npy", load(d, "pc_feature_ind.npy").astype(np.int64) + 2**40)


@features.opens("a feature index of NaN", "pc_feature_ind.npy: 20 entries are NaN or infinite and are ignored.")
def has_a_nan_feature_index(d: Path) -> None:
    save(d, "pc_feature_ind.npy", np.full((5, 4), np.nan))


@features.opens(
    "a feature index of fewer templates",
    "pc_feature_ind.npy: has 2 rows for templates up to 4; spikes of the others have no features.",
)
def has_a_short_feature_index(d: Path) -> None:
    save(d, "pc_feature_ind.npy", load(d, "pc_feature_ind.npy")[:2])


@features.opens(
    "a feature index of another width",
    "pc_features.npy: has 4 columns where pc_feature_ind.npy has the shape (5, 7). Features are not shown.",
)
def has_a_wide_feature_index(d: Path) -> None:
    save(d, "pc_feature_ind.npy", np.zeros((5, 7), dtype=int))


@features.opens(
    "feature rows of spikes that do not exist",
    "pc_feature_spike_ids.npy: 199 rows name spikes that do not exist and are ignored.",
)
def has_features_of_other_spikes(d: Path) -> None:
    save(d, "pc_feature_spike_ids.npy", np.arange(N) * 10**9)


@features.opens(
    "feature rows that repeat spikes",
    "pc_feature_spike_ids.npy: 199 rows name a spike that has a row already and are ignored.",
)
def has_features_twice(d: Path) -> None:
    save(d, "pc_feature_spike_ids.npy", np.zeros(N, dtype=int))


@features.opens(
    "template features of another number of spikes",
    "template_features.npy: has 7 rows, expected 200: one for each spike. Template features are not shown.",
)
def has_fewer_template_features(d: Path) -> None:
    save(d, "template_features.npy", load(d, "template_features.npy")[:7])


@features.opens(
    "template features that are not finite",
    "template_features.npy: 200 of 200 places looked at hold NaN or infinite values, which are not drawn.",
)
def has_nan_template_features(d: Path) -> None:
    save(d, "template_features.npy", np.full((N, 3), np.nan, dtype=np.float32))


def _subset(d: Path, n: int = 4, **parts: object) -> None:
    """Write stored waveforms of some spikes."""
    sound = {"waveforms": np.ones((n, 21, 3)), "channels": np.zeros((n, 3), dtype=int), "spikes": np.arange(n)}
    for name, array in {**sound, **parts}.items():
        save(d, f"_phy_spikes_subset.{name}.npy", array)


@features.opens(
    "stored waveforms of spikes that do not exist",
    "_phy_spikes_subset.waveforms.npy: belongs to another sorting: _phy_spikes_subset.spikes.npy names spikes beyond 200. The stored waveforms are not used.",
)
def has_waveforms_of_other_spikes(d: Path) -> None:
    _subset(d, spikes=np.arange(4) + 10**12)


@features.opens(
    "stored waveforms without their channels",
    "_phy_spikes_subset.channels.npy: is missing, so the stored waveforms are not used.",
)
def has_waveforms_without_channels(d: Path) -> None:
    _subset(d)
    in_place(d, "_phy_spikes_subset.channels.npy")


@features.opens(
    "no stored waveforms in their files, and no raw data",
    "params.py: No raw data: recording.dat not found. Put it beside params.py or correct dat_path to see traces and waveforms.",
)
def has_no_stored_waveforms(d: Path) -> None:
    _subset(d, 0)
    in_place(d, "recording.dat")


@features.opens(
    "stored waveforms that are not finite",
    "stored waveforms: 4 of 4 places looked at hold NaN or infinite values, which are not drawn.",
)
def has_nan_waveforms(d: Path) -> None:
    _subset(d, waveforms=np.full((4, 21, 3), np.nan))


@features.opens(
    "stored waveforms that claim 10^15 spikes",
    "_phy_spikes_subset.waveforms.npy is cut short: 928 bytes instead of 504,000,000,000,000,128; copy or export the file again. The stored waveforms are not used.",
)
def has_giant_waveforms(d: Path) -> None:
    _subset(d)
    header(d, "_phy_spikes_subset.waveforms.npy", (10**15, 21, 3), "<f8")
