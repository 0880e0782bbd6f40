"""Tables as images: what is kept of a reduction."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.matrix_image import Reduction, reduced

rng = np.random.default_rng(2)
TABLES = [rng.normal(size=(9, 12)).astype(np.float32), rng.normal(size=(9, 12)).astype(np.float32)]
QUERIES = st.tuples(
    st.sampled_from([0, 1]),
    st.tuples(st.integers(0, 5), st.integers(6, 12), st.integers(0, 4), st.integers(5, 9)),
    st.integers(1, 12),
    st.integers(1, 9),
)


@given(st.lists(QUERIES, min_size=1, max_size=12))
def test_what_is_kept_is_what_would_be_computed(queries):
    kept = Reduction()
    for which, cells, n_x, n_y in [q for query in queries for q in (query, query)]:
        first, last, low, high = cells
        rows, whole = kept.of(TABLES[which], cells, n_x, n_y)
        expected = reduced(TABLES[which][low:high, first:last], n_y, axis=0)
        assert np.array_equal(rows, expected) and np.array_equal(whole, reduced(expected, n_x, axis=1))


def test_the_same_question_is_answered_from_what_is_kept():
    kept = Reduction()
    assert kept.of(TABLES[0], (0, 12, 0, 9), 4, 3)[1] is kept.of(TABLES[0], (0, 12, 0, 9), 4, 3)[1]
