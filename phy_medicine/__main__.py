"""`python -m phy_medicine` is `phy-med`."""

from __future__ import annotations

from phy_medicine.app.cli import main

if __name__ == "__main__":
    main()
