"""Estimate how far the tissue moved along the probe, from detected peaks."""
