"""Every reader that is fed, by name."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from tests.fuzz.target import Target

_SHARES = {
    "snippet": 4.0, "journal_line": 4.0, "filter": 3.0, "npy": 3.0, "tsv": 3.0, "job_events": 3.0, "journal": 3.0,
    "params": 2.0,
    "replay": 2.0, "setting": 2.0, "events": 2.0, "probe_table": 2.0, "toml": 2.0, "pending": 1.0, "probe_json": 1.0,
    "dataset": 0.15, "kwik": 0.15, "store": 0.15, "kwik_content": 0.1, "kwx": 0.1, "mat": 0.15, "mat73": 0.1,
    "si_curation": 0.15, "typed": 0.1, "phy_config": 0.2,
}  # fmt: skip
"""Of all inputs, beside 0.5 for the others: what takes long to read gets few."""


@cache
def table() -> dict[str, Target]:
    """Return all targets in the order of the table in the docs."""
    from tests.fuzz import archives, arrays, handed, hdf5, journals, language, notes, settings, texts, windows

    parts = (texts, language, settings, arrays, archives, hdf5, journals, notes, handed, windows)
    found = [target for part in parts for target in part.targets()]
    return {target.name: replace(target, share=_SHARES.get(target.name, 0.5)) for target in found}
