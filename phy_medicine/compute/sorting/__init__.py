"""Sorting by deconvolution: the recording is a sum of scaled, shifted templates and noise.

Here arrays are channels by samples, as the model is written; N channels, T samples, K units, D samples of a template.
"""
