"""Plugins shipped with the program; installed as `phy_medicine.contrib`."""
