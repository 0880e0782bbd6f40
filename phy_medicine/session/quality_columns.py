"""The quality metrics of clusters as columns: which there are, what each says, and which are computed together."""

from __future__ import annotations

from phy_medicine.session.columns import Column

TRAINS, SHAPE, ISOLATION, DRIFT = "spike train", "waveform", "isolation", "drift"
"""What is computed together, quickest first."""

REFRACTORY_MS, CENSORED_MS = 1.5, 0.0

QUALITY: dict[str, tuple[Column, ...]] = {
    TRAINS: (
        Column("presence_ratio", "Presence", help="Part of the recording, in a hundred stretches or stretches of 10 s, "
               "in which the cluster fires. Good: above 0.9; less may be drift or a lost neuron"),
        Column("isi_violations_count", "ISI viol.", kind="int", help="Intervals below 1.5 ms. A single neuron has "
               "next to none"),
        Column("isi_violations_ratio", "ISI ratio", help="Intervals below 1.5 ms, by those of a train without a "
               "refractory time. Good: below 0.1; about 1 is noise or many neurons"),
        Column("contamination", "Contam.", help="Part of the spikes that are of another neuron, if there is one other, "
               "from pairs within 1.5 ms. Good: below 0.1; 1: no single neuron"),
        Column("contamination_many", "Contam. many", help="Part of the spikes that are of others, if these are many "
               "neurons. Good: below 0.1; 1: no single neuron"),
        Column("amplitude_cutoff", "Cut-off", help="Part of the spikes that are missed because they are too small, "
               "from the histogram of amplitudes. Good: below 0.1; at most 0.5"),
    ),
    SHAPE: (
        Column("snr", "SNR", help="Largest deflection of the mean waveform, by the noise of its channel. Good: above "
               "5; below 3 it is hard to tell from noise"),
        Column("half_width", "Half width", "ms", help="How long the mean waveform is below half of its trough. Most "
               "neurons: 0.1 to 0.4 ms; more is seldom a spike"),
        Column("peak_to_trough", "Peak-trough", "ms", help="From the trough of the mean waveform to the peak after "
               "it. Short, below 0.4 ms: many inhibitory neurons and axons"),
        Column("spread", "Footprint", "µm", help="Root mean square distance of the signal from its centre on the "
               "probe. Neurons: 10 to 60 µm; far more is an artefact"),
    ),
    ISOLATION: (
        Column("isolation_distance", "Isolation", help="How far one must go from the cluster in feature space to meet "
               "as many other spikes as it has, squared and by its own spread. Good: above 20"),
        Column("l_ratio", "L-ratio", help="Other spikes that lie within the cluster in feature space, by its own. "
               "Good: below 0.1"),
        Column("d_prime", "d\N{PRIME}", help="Distance to the other spikes along the line that separates best, in "
               "standard deviations. Good: above 4"),
        Column("nn_hit_rate", "NN hit", help="Of the four nearest spikes of one of the cluster, the part that is of "
               "the cluster. Good: above 0.9"),
        Column("nn_miss_rate", "NN miss", help="Of the four nearest spikes of one of another cluster, the part that is "
               "of this one. Good: below 0.05"),
        Column("silhouette", "Silhouette", help="How much nearer the spikes are to the centre of the cluster than to "
               "the next centre, -1 to 1. Good: above 0.3; below 0 it is mixed"),
    ),
    DRIFT: (
        Column("drift_ptp", "Drift", "µm", help="How far the median depth of a minute moves, as observed, peak to "
               "peak. Good: below 20 µm"),
        Column("drift_std", "Drift s.d.", "µm", help="Standard deviation of the median depths of all minutes, as "
               "observed"),
        Column("drift_ptp_corrected", "Drift corr.", "µm", help="The drift that is left with the motion in use taken "
               "out, peak to peak. Good: below 10 µm"),
        Column("drift_std_corrected", "Drift s.d. corr.", "µm", help="Standard deviation of the median depths with "
               "the motion in use taken out"),
    ),
}  # fmt: skip
"""What is computed together -> its columns, in the order of the values."""

QUALITY_COLUMNS: dict[str, Column] = {c.name: c for columns in QUALITY.values() for c in columns}
SHOWN = ("snr", "contamination", "presence_ratio")
"""Shown at first where there is room; the others are in the menu of the header."""
TABLE = ("num_spikes", "firing_rate", "amplitude_median", *QUALITY_COLUMNS)
"""Columns of `cluster_metrics.tsv`, by their names in SpikeInterface where it has them."""
