"""Readers of files and texts from strangers, fed with what no program writes.

`table.py` names every reader once; `by_hypothesis.py` and `by_coverage.py` make the inputs, `attempt.py` judges what
became of each, `corpus/` keeps those that once were too much. `make fuzz` runs it at length.
"""
