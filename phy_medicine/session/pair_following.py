"""What joins the evidence of pairs to the rest of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.session.extensions import Similarity
from phy_medicine.session.pair_columns import COMBINED

if TYPE_CHECKING:
    from phy_medicine.session.session import Session


def follow_pairs(session: Session) -> None:
    """Keep the evidence of pairs up to date with the session, the table with it, and add the combined similarity."""
    pairs = session.pairs
    last: list[object] = [session.motion.known, session.localization.known]

    def moved(_what: str) -> None:
        now = [session.motion.known, session.localization.known]
        if any(a is not b for a, b in zip(now, last, strict=True)):
            last[:] = now
            pairs.forget_motion()
            session.extensions.similarities.renew(COMBINED)

    def filtered(_name: str) -> None:
        pairs.forget_signal()
        session.extensions.similarities.renew(COMBINED)

    def source_changed(name: str) -> None:
        if name != COMBINED:
            session.extensions.similarities.renew(COMBINED)

    session.extensions.similarities.changed.connect(source_changed)
    session.manager.changed.connect(pairs.note)
    session.selection.changed.connect(lambda _selection: pairs.give_way())
    session.data.filters.changed.connect(filtered)
    session.motion.changed.connect(moved)
    session.localization.changed.connect(moved)
    pairs.arrived.connect(session.similarity_table.values_arrived)
    session.extensions.similarities.add(
        Similarity(
            COMBINED, pairs.rows, "combined similarity",
            "All that is known of a pair: templates, as seen and with the motion in use taken out, waveforms, "
            "features, correlogram, amplitudes and distance, by the weights of the setting similarity_weights.",
        )
    )  # fmt: skip
