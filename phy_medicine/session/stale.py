"""Unsaved work that does not fit the labels of now: what is known of how they differ."""

from __future__ import annotations

from collections.abc import Sequence

from phy_medicine.curation.agreement import Change, agreement_of
from phy_medicine.curation.entries import log_entries
from phy_medicine.io.journal_reader import JournalFile
from phy_medicine.io.known_labels import find_labels
from phy_medicine.io.model import Model
from phy_medicine.session.past import local_time, past_journals
from phy_medicine.session.recovery import actions

_FEW = 3


def what_differs(model: Model, journal: JournalFile) -> str:
    """Return a few sentences: why a journal is not applied to the labels of now."""
    head = journal.header
    if head.labels_hash == model.labels_hash():
        return "Its first action is damaged, so nothing of it can be done again."
    if head.n_spikes != model.n_spikes:
        return (
            f"It was made on {head.n_spikes:,} spikes and the dataset has {model.n_spikes:,} now: it was sorted anew, "
            "or its files were replaced."
        )
    return " ".join(filter(None, (_changes(model, journal), _saved_since(model, journal))))


def _changes(model: Model, journal: JournalFile) -> str:
    """What became of the clusters it began with, as far as the labels of then are kept."""
    known = find_labels(model, journal.header.labels_hash)
    if known is not None:
        found = agreement_of(known.labels, model.spike_clusters)
        n = int(found.counts[found.a_ids[found.rows] != found.b_ids[found.columns]].sum())
        return f"Since then {_words(found.changes())}; {n:,} spikes are in other clusters."
    begun = [e.entry for e in log_entries(journal.records)]
    made = {cluster for entry in begun for cluster in entry.after}
    named = dict.fromkeys(cluster for entry in begun for cluster in entry.before if cluster not in made)
    there = set(model.spike_clusters.tolist())
    gone = [str(cluster) for cluster in named if cluster not in there]
    if gone:
        return f"Of the clusters that it begins with there is no {', '.join(gone[:10])} now."
    return "Its clusters are all there, but spikes were given to others; which ones is not known."


def _words(changes: Sequence[Change]) -> str:
    arrow = "\N{RIGHTWARDS ARROW}"
    told = [
        f"{', '.join(map(str, c.before[:5]))} {arrow} {', '.join(map(str, c.after[:5]))} ({c.kind})"
        for c in changes[:_FEW]
    ]
    more = len(changes) - len(told)
    return ", ".join(told) + (f" and {more:,} more" if more else "")


def _saved_since(model: Model, journal: JournalFile) -> str:
    """The session that went on from the same labels and saved, if one did."""
    for other in past_journals(model)[0]:
        head = other.file.header
        if other.state == "saved" and head.labels_hash == journal.header.labels_hash:
            n = len(other.file.records)
            who = f"{head.user} on {head.host}, {local_time(head.created)}"
            return f"Another session ({who}) began with the same clusters and saved {n:,} {actions(n)}."
    return ""
