"""`phy-med localize`: where every spike comes from."""

from __future__ import annotations

from phy_medicine.app.job_command import job_command

HELP = """Find where every spike comes from: across the probe, along it, away from it, and how strong its source is.

The raw recording of PARAMS_PY (or of a .kwik file) is read, or else the waveforms stored beside it; the positions are
kept as a run of the dataset. Ctrl+C cancels and leaves nothing.

\b
phy-med localize params.py
phy-med localize params.py --method com --out positions/
"""

command = job_command("localization", name="localize")
command.help = HELP
