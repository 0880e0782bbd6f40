"""Shaders (GLSL 1.20), installed as the package `phy_medicine.glsl`."""
