"""Functions of phylib against phylib itself, on data made at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from phy_medicine.app.phy_compat import arrays, bunch, files, geometry, sparse, stats
from phy_medicine.app.phy_compat.spike_selector import SpikeSelector

theirs = pytest.importorskip("phylib.io.array")


def _random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


small_ints = st.lists(st.integers(0, 8), min_size=1, max_size=40)


@given(small_ints)
def test_clusters_and_their_spikes(labels):
    labels = np.array(labels)
    assert_array_equal(arrays._unique(labels), theirs._unique(labels))
    assert_array_equal(arrays._spikes_in_clusters(labels, [1, 3]), theirs._spikes_in_clusters(labels, [1, 3]))
    ours, expected = arrays._spikes_per_cluster(labels), theirs._spikes_per_cluster(labels)
    assert ours.keys() == expected.keys()
    for cluster in ours:
        assert_array_equal(ours[cluster], expected[cluster])
    assert_array_equal(arrays._flatten_per_cluster(ours), theirs._flatten_per_cluster(expected))
    values = np.arange(len(labels)) * 1.5
    assert_allclose(arrays.grouped_mean(values, labels), theirs.grouped_mean(values, labels))


@given(small_ints, st.permutations(range(9)))
def test_places_in_a_table(values, table):
    values = [*values, -1]
    assert_array_equal(arrays._index_of(values, table), theirs._index_of(values, table))


@pytest.mark.parametrize("n", [0, 2, 5, 9])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding(n, side):
    data = _random().normal(size=(5, 2))
    assert_array_equal(arrays._pad(data, n, side), theirs._pad(data, n, side))
    for start, end in ((-2, 3), (2, 8), (1, 4)):
        assert_array_equal(arrays._get_padded(data, start, end), theirs._get_padded(data, start, end))


@given(st.integers(20, 200), st.integers(5, 19), st.sampled_from([0, 2, 4]))
def test_pieces(n_samples, size, overlap):
    ours = list(arrays.chunk_bounds(n_samples, size, overlap))
    assert ours == list(theirs.chunk_bounds(n_samples, size, overlap))
    assert list(arrays.excerpts(n_samples, 3, size)) == list(theirs.excerpts(n_samples, 3, size))
    data = np.arange(n_samples)
    for n in (0, 1, 3):
        assert_array_equal(arrays.get_excerpts(data, n, size), theirs.get_excerpts(data, n, size))


def test_ranges_of_slices():
    assert_array_equal(arrays._range_from_slice(slice(2, None, 3), length=4), [2, 5, 8, 11])
    assert_array_equal(arrays._range_from_slice(slice(None), stop=3), [0, 1, 2])
    for call in ({}, {"stop": 2, "length": 5}):
        with pytest.raises(ValueError):
            arrays._range_from_slice(slice(None), **call)
    assert arrays._flatten([[1], [2, 3]]) == [1, 2, 3] and arrays._clip(5, 0, 3) == 3
    for keep in (False, True):
        points = _random().normal(size=(6, 2))
        assert_allclose(arrays._normalize(points, keep), theirs._normalize(points, keep))
    assert arrays._get_data_lim(np.array([[-3.0], [2.0]])) == theirs._get_data_lim(np.array([[-3.0], [2.0]]))
    similar = {1: 0.5, 2: 0.9}
    expected = theirs.get_closest_clusters(0, [1, 2], lambda a, b: similar[b])
    assert arrays.get_closest_clusters(0, [1, 2], lambda a, b: similar[b]) == expected


def test_a_selector_takes_so_many_of_each_in_the_chunks_kept():
    spikes = {1: np.arange(0, 100, 2), 2: np.arange(1, 20, 2)}
    ours = SpikeSelector(spikes.__getitem__, np.arange(100), [0, 25, 50, 75, 100], 2)
    reference = theirs.SpikeSelector(spikes.__getitem__, np.arange(100), [0, 25, 50, 75, 100], 2)
    assert_array_equal(ours(None, [1, 2]), reference(None, [1, 2]))
    assert_array_equal(ours(None, [1], subset_chunks=True), reference(None, [1], subset_chunks=True))
    assert_array_equal(ours(0, [2], subset_spikes=[3, 4, 5]), [3, 5])
    some = ours(7, [1, 2])
    assert np.isin(some, spikes[1]).sum() == np.isin(some, spikes[2]).sum() == 7
    assert some.dtype == np.int64 and (np.diff(some) > 0).all()
    assert_array_equal(ours(7, [1, 2]), some)
    assert len(ours(5, [])) == 0


@pytest.mark.parametrize("symmetrize", [True, False])
@pytest.mark.parametrize("order", [None, [2, 0, 1]])
def test_correlograms(symmetrize, order):
    reference = pytest.importorskip("phylib.stats.ccg")
    rng = _random(1)
    times = np.sort(rng.integers(0, 4000, 600)) / 1000.0  # with many at the same time
    clusters = rng.integers(0, 3, 600)
    options = {"cluster_ids": order, "sample_rate": 2e4, "bin_size": 0.002, "window_size": 0.05}
    options["symmetrize"] = symmetrize
    ours = stats.correlograms(times, clusters, **options)
    assert_array_equal(ours, reference.correlograms(times, clusters, **options))
    assert ours.dtype == np.int32
    rate = stats.firing_rate(clusters, cluster_ids=[0, 1, 2, 3], bin_size=0.1, duration=4.0)
    assert_allclose(rate, reference.firing_rate(clusters, cluster_ids=[0, 1, 2, 3], bin_size=0.1, duration=4.0))


def test_boxes_and_positions():
    reference = pytest.importorskip("phylib.utils.geometry")
    for positions in (
        _random().uniform(-3, 9, (12, 2)),
        reference.staggered_positions(8),
        geometry.linear_positions(5),
    ):
        (ours, size), (expected, expected_size) = (
            f.get_non_overlapping_boxes(positions) for f in (geometry, reference)
        )
        assert_allclose(ours, expected, atol=1e-6)
        assert_allclose(size, expected_size, atol=1e-6)
        assert geometry.get_closest_box((0.3, 0.1), ours, size) == reference.get_closest_box((0.3, 0.1), ours, size)
    assert_array_equal(geometry.staggered_positions(8), reference.staggered_positions(8))
    moved = geometry.range_transform([[0, 0, 2, 2]], [[-1, -1, 1, 1]], [[0.0, 1.0]], do_offset=False)
    assert_allclose(moved, reference.range_transform([[0, 0, 2, 2]], [[-1, -1, 1, 1]], [[0.0, 1.0]], do_offset=False))


def test_sparse_arrays_channels_and_components():
    reference = pytest.importorskip("phylib.io.model")
    rng = _random(2)
    cols = np.array([rng.permutation(10)[:4] for _ in range(6)])
    cols[0, 2:] = -1
    for shape in ((6, 4), (6, 4, 3)):
        data = rng.normal(size=shape)
        for channels in ([7, 1, 3], [0], np.arange(10)):
            assert_array_equal(
                sparse.from_sparse(data, cols, channels), reference.from_sparse(data, cols, np.asarray(channels))
            )
    with pytest.raises(NotImplementedError):
        sparse.from_sparse(data, cols, [1, 1])
    positions = rng.uniform(size=(9, 2))
    assert_array_equal(sparse.get_closest_channels(positions, 4, 5), reference.get_closest_channels(positions, 4, 5))
    waveforms = rng.normal(size=(30, 12, 2))
    assert_allclose(sparse.compute_features(waveforms), reference.compute_features(waveforms), rtol=1e-5, atol=1e-5)


def test_tables_and_json_are_those_of_phylib(tmp_path: Path):
    misc, model = pytest.importorskip("phylib.utils._misc"), pytest.importorskip("phylib.io.model")
    rows = [{"cluster_id": 3, "q": 0.123456, "note": "a b"}, {"cluster_id": 1, "q": 7}]
    for name in ("a.tsv", "a.csv"):
        files.write_tsv(tmp_path / name, rows, first_field="cluster_id", exclude_fields=("note",))
        misc.write_tsv(tmp_path / f"x{name}", rows, first_field="cluster_id", exclude_fields=("note",))
        assert (tmp_path / name).read_bytes() == (tmp_path / f"x{name}").read_bytes()
        assert files.read_tsv(tmp_path / name) == misc.read_tsv(tmp_path / name)
    sparse.save_metadata(tmp_path / "m.tsv", "q", {4: "good", 2: 1.5})
    model.save_metadata(tmp_path / "x.tsv", "q", {4: "good", 2: 1.5})
    assert (tmp_path / "m.tsv").read_bytes() == (tmp_path / "x.tsv").read_bytes()
    assert sparse.load_metadata(tmp_path / "m.tsv") == model.load_metadata(tmp_path / "m.tsv")
    assert files.read_tsv_simple(tmp_path / "m.tsv") == misc._read_tsv_simple(tmp_path / "m.tsv")
    values = {"a": np.arange(3), 5: np.eye(4), "b": np.float32(2), "c": [1, "x"]}
    files.save_json(tmp_path / "a.json", values)
    misc.save_json(tmp_path / "x.json", values)
    assert (tmp_path / "a.json").read_text() == (tmp_path / "x.json").read_text()
    assert_array_equal(files.load_json(tmp_path / "a.json")[5], np.eye(4))
    assert files.load_json(tmp_path / "a.json")["a"] == [0, 1, 2]


def test_text_pickles_and_python_files(tmp_path: Path):
    files.write_text(tmp_path / "new" / "a.txt", "  one\n  two\n")
    assert files.read_text(tmp_path / "new" / "a.txt") == "one\ntwo\n"
    files.write_python(tmp_path / "p.py", {"A": 3, "b": "x"})
    assert files.read_python(tmp_path / "p.py") == {"a": 3, "b": "x"}
    files.save_pickle(tmp_path / "a.pkl", {"x": np.arange(2000)})
    assert_array_equal(files.load_pickle(tmp_path / "a.pkl")["x"], np.arange(2000))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pkl", "new", "p.py"]


def test_a_bunch_is_a_dictionary_with_attributes():
    import pickle

    b = bunch.Bunch(x=1)
    b.y = 2
    copy = b.copy()
    copy["x"] = 5
    assert (b.x, b["y"], copy.x, type(copy)) == (1, 2, 5, bunch.Bunch)
    assert pickle.loads(pickle.dumps(b)) == b and not hasattr(b, "z")
    assert bunch._bunchify({"a": {"b": 1}}).a.b == 1


def test_conversions_are_those_of_phylib():
    reference = pytest.importorskip("phylib.utils._types")
    for value in (3, "ab", (1, 2), [1], None, np.arange(2)):
        assert_array_equal(bunch._as_list(value), reference._as_list(value))
        assert_array_equal(bunch._as_tuple(value), reference._as_tuple(value))
        assert bunch._is_array_like(value) == reference._is_array_like(value)
    for value in (3, 2.5, [1, 2], np.arange(3.0)):
        assert_array_equal(bunch._as_array(value), reference._as_array(value))
    assert bunch._as_array([1, 2], np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="invalid dtype"):
        bunch._as_array(["a"])
    assert type(bunch._as_scalar(np.int64(3))) is int
