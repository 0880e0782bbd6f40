"""`phy-med explore`: one file that holds everything, and what a click in it does."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.app.explorer_page import PageOptions, make_page, page_data
from phy_medicine.compute.localize.explored import Explored, denoise
from phy_medicine.compute.localize.located import Located

from .browser import browser, missing

pytest.importorskip("plotly", reason="plotly (the extra 'explorer') is not installed")
CONTACTS = np.array([[x, y] for y in range(0, 200, 20) for x in (0, 32)], float)
METHODS = ("sln_cnn", "monopolar", "com", "peak channel")


def example(n: int = 120, n_picked: int = 40) -> tuple[Located, Explored]:
    rng = np.random.default_rng(3)
    um = np.column_stack([rng.uniform(0, 32, n), rng.uniform(0, 180, n), rng.uniform(5, 60, n)])
    anchors = um[:, :2] + rng.normal(0, 10, (n, 2))
    located = Located("sln_cnn", np.arange(n) * 3, np.arange(n) / 7, um, rng.normal(4, 0.3, n), anchors, CONTACTS)
    rows = np.sort(rng.permutation(n)[:n_picked])
    channels = np.tile(np.arange(10, dtype=np.int32), (n_picked, 1))
    raw = rng.normal(size=(n_picked, 10, 90)).astype(np.float32) * 50
    places = {name: um[rows] + k for k, name in enumerate(METHODS)}
    amplitudes = np.ptp(raw, axis=2).max(axis=1)
    return located, Explored(rows, channels, raw, raw / 2, amplitudes, places, channels[:, 0], 30)


def unpacked(value: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(value["data"]), value["dtype"])


def embedded(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_loads_nothing_from_anywhere():
    class Loads(HTMLParser):
        found: tuple = ()

        def handle_starttag(self, tag, attributes):
            self.found += tuple((tag, name, value) for name, value in attributes if name in ("src", "href", "srcset"))

    page = make_page(*example(), PageOptions("<b>R&D</b> </script>"))
    loads = Loads()
    loads.feed(page)
    assert loads.found == ()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None and policy[1].startswith("default-src 'none'") and "http" not in policy[1]
    own = page.replace(page[page.index("<script>/**") : page.index('"use strict";\nconst D')], "")
    assert "http:" not in own and "https:" not in own
    assert "<title>&lt;b&gt;R&amp;D&lt;/b&gt; &lt;/script&gt;</title>" in page


def test_the_data_in_the_page_are_the_arrays():
    located, explored = example()
    data = embedded(make_page(located, explored, PageOptions("test", n_background=50)))
    picked = located.part(explored.rows)
    n = len(explored.rows)
    for name, values in {"x": picked.um[:, 0], "z": picked.um[:, 2], "a": picked.log_alpha,
                         "ly": picked.local_um[:, 1]}.items():  # fmt: skip
        found = unpacked(data["points"][name])
        assert len(found) == 50 and (found[:n] == values.astype("f4")).all()
    assert (unpacked(data["spikes"]["ids"]) == picked.spike_ids).all()
    assert (unpacked(data["spikes"]["times"]) == picked.times_s).all()
    raw = unpacked(data["spikes"]["raw"]).reshape(n, 10, 90) * unpacked(data["spikes"]["raw_scale"])[:, None, None]
    assert np.abs(raw - explored.raw).max() < np.abs(explored.raw).max() / 60_000
    assert [method["name"] for method in data["methods"]] == ["sln_cnn", "monopolar", "centre of mass", "peak channel"]
    assert [method["learned"] for method in data["methods"]] == [True, False, False, False]
    assert sorted(method["look"] for method in data["methods"]) == [0, 1, 2, 3]
    for method, um in zip(data["methods"], explored.um.values(), strict=True):
        assert (unpacked(method["um"]) == um.ravel().astype("f4")).all()


def test_the_size_is_bounded_and_the_page_says_what_is_drawn():
    located, explored = example(400, 10)
    page = make_page(located, explored, PageOptions("test", n_background=100))
    assert "100 of 400 spikes are drawn" in page and "nearest of 10 spikes" in page
    assert "All 400 spikes are drawn" in make_page(located, explored, PageOptions("test"))
    points = page_data(located, explored, np.arange(10), PageOptions("test"))["points"]
    assert len(unpacked(points["x"])) == 10


def test_denoising_keeps_what_spikes_share_and_takes_out_noise():
    rng = np.random.default_rng(0)
    shapes = np.sin(np.outer(np.arange(1, 4), np.linspace(0, 6, 90)))
    clean = (rng.normal(size=(300, 10, 3)) @ shapes).astype(np.float32)
    noisy = clean + rng.normal(0, 0.5, clean.shape).astype(np.float32)
    assert np.abs(denoise(clean) - clean).max() < 1e-5
    assert ((denoise(noisy) - clean) ** 2).mean() < 0.1 * ((noisy - clean) ** 2).mean()


def run(*words: object):
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.mark.parametrize("stored", [False, True])
def test_a_dataset_gives_a_page_with_the_waveforms_at_its_spikes(dataset, tmp_path, stored):
    from phy_medicine.io.open_model import open_model

    out = tmp_path / "page.html"
    assert run("localize", dataset).exit_code == 0
    model = open_model(dataset)
    if stored:
        ids, channels = np.arange(20, 60), np.tile(np.arange(model.n_channels), (40, 1))
        waveforms = model.traces.read_many(model.spike_samples[ids] - 41, 82)
        for name, array in {"waveforms": waveforms, "channels": channels, "spikes": ids}.items():
            np.save(dataset.parent / f"_phy_spikes_subset.{name}.npy", array)
        (dataset.parent / "recording.dat").unlink()
    result = run("explore", dataset, "--out", out, "--n-interactive", 30, "--n-bg", 200)
    assert result.exit_code == 0 and "MB" in result.stdout, result.output
    data = embedded(out.read_text("utf-8"))
    ids = unpacked(data["spikes"]["ids"])
    assert len(ids) == 30 and (np.diff(ids) > 0).all() and (not stored or set(ids) <= set(range(20, 60)))
    assert {method["name"] for method in data["methods"]} == {"monopolar", "centre of mass", "peak channel"}
    raw = unpacked(data["spikes"]["raw"]).reshape(30, 10, -1)
    deepest = np.abs(raw).max(axis=1).argmax(axis=1)
    assert abs(np.median(deepest) - data["before"]) <= 2
    # The method of the run, computed again from the waveforms' own source, is what the run holds.
    if not stored:
        mine = unpacked(next(m for m in data["methods"] if m["name"] == "monopolar")["um"]).reshape(-1, 3)
        local = np.stack([unpacked(data["points"][f"l{axis}"])[:30] for axis in "xyz"], axis=1)
        anchors = np.column_stack([unpacked(data["spikes"]["anchors"]).reshape(-1, 2), np.zeros(30)])
        assert np.median(np.abs(mine - anchors - local)) < 0.5
    again = run("explore", dataset, "--out", out)
    assert again.exit_code == 1 and "nothing is overwritten" in again.output


def test_without_positions_it_says_what_to_do(dataset, tmp_path):
    result = run("explore", dataset, "--out", tmp_path / "page.html")
    assert result.exit_code == 1 and "phy-med localize" in result.output and not (tmp_path / "page.html").exists()


@pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")
@pytest.mark.parametrize("svg", [False, True])
def test_a_click_in_each_of_nine_panels_picks_the_nearest_spike(tmp_path, svg):
    page = tmp_path / "page.html"
    located, explored = example()
    page.write_text(make_page(located, explored, PageOptions("test", svg=svg)), "utf-8")
    with browser(tmp_path) as window:
        window.open(page, "window.explorer && window.explorer.ready")
        assert window.run("return explorer.n_panels") == 9
        for panel in range(9):
            places = np.array(window.run("return explorer.places(arguments[0])", panel), float)
            seen = np.flatnonzero(places[:, 2])
            target = np.round(places[seen[(7 * panel + 3) % len(seen)], :2]) + np.array([2, 1])
            away = np.linalg.norm(places[seen, :2] - target, axis=1)
            window.click(*target)
            picked = window.run("return explorer.picked()")
            assert picked == seen[away.argmin()], panel
            _check_right_side(window, located, explored, picked)
        window.press("\ue014")
        assert window.run("return explorer.picked()") == (picked + 1) % 40
        window.press("p")
        assert window.run("return explorer.picked()") == picked
        assert window.run("return performance.getEntriesByType('resource').length") == 0
        assert window.complaints() == []


def _check_right_side(window, located: Located, explored: Explored, picked: int) -> None:
    said = window.run("return document.getElementById('picked').textContent")
    assert f"Spike {located.spike_ids[explored.rows[picked]]} at" in said
    drawn = window.run("return waves.data.map((t) => [t.name, t.x[0], t.y[0]])")
    assert [name for name, _, _ in drawn[3:]] == ["sln_cnn", "monopolar", "centre of mass", "peak channel"]
    for (_, x, y), um in zip(drawn[3:], explored.um.values(), strict=True):
        assert (x, y) == pytest.approx(tuple(um[picked, :2]), abs=1e-3)
    assert window.run("return space.data.filter((t) => t.type === 'scatter3d').length") == 11
    marks = window.run("return [local, global].flatMap((d) => d.layout.shapes.map((s) => [s.xanchor, s.yanchor]))")
    assert len(marks) == 9 and marks[6] == pytest.approx(located.um[explored.rows[picked], :2].tolist(), abs=1e-3)
