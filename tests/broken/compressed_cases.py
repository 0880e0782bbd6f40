"""Compressed raw data, `.cbin` with its `.ch`, that are damaged or made to harm."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import mtscomp

from tests.broken.case import Topic
from tests.broken.sound import cut, in_place, params

compressed = Topic("Compressed raw data")


def _compress(d: Path) -> None:
    """Put the recording into a `.cbin` file of two chunks of a second."""
    logging.getLogger("mtscomp").setLevel(logging.ERROR)
    mtscomp.compress(
        d / "recording.dat", out=d / "raw.cbin", outmeta=d / "raw.ch", sample_rate=20_000.0, n_channels=10,
        dtype="int16", chunk_duration=1.0, n_threads=1, check_after_compress=False, quiet=True,
    )  # fmt: skip
    in_place(d, "recording.dat")
    params(d, "dat_path = 'raw.cbin'")


def _change(d: Path, **facts: Any) -> None:
    _compress(d)
    content = json.loads((d / "raw.ch").read_text())
    (d / "raw.ch").write_text(json.dumps({**content, **facts}))


@compressed.opens("without the `.ch` file", "raw.cbin needs its companion raw.ch beside it. Traces are not shown.")
def has_no_ch(d: Path) -> None:
    _compress(d)
    in_place(d, "raw.ch")


@compressed.opens(
    "cut in the middle of a chunk",
    "raw.cbin is cut short: 20,000 samples at the end are lost; copy or compress the recording again.",
)
def is_cut(d: Path) -> None:
    _compress(d)
    cut(d, "raw.cbin", 0.7)


@compressed.opens(
    "an empty `.cbin`",
    "raw.cbin is cut short: it holds no complete chunk; copy or compress the recording again. Traces are not shown.",
)
def is_empty_cbin(d: Path) -> None:
    _compress(d)
    (d / "raw.cbin").write_bytes(b"")


@compressed.opens(
    "random bytes in a chunk", "raw.cbin is damaged from sample 0 to 20,000; copy or compress the recording again."
)
def has_random_bytes(d: Path) -> None:
    _compress(d)
    content = bytearray((d / "raw.cbin").read_bytes())
    content[100:2000] = bytes(range(256)) * 7 + bytes(108)
    (d / "raw.cbin").write_bytes(content)


@compressed.opens(
    "a `.ch` that is no JSON",
    "raw.cbin: raw.ch does not describe raw.cbin (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); copy or compress the recording again. Traces are not shown.",
)
def has_a_broken_ch(d: Path) -> None:
    _compress(d)
    (d / "raw.ch").write_text("{'n_channels'")


@compressed.opens(
    "a `.ch` of 100,000 brackets",
    "raw.cbin: raw.ch does not describe raw.cbin (its brackets are too deep); copy or compress the recording again. Traces are not shown.",
)
def has_a_deep_ch(d: Path) -> None:
    _compress(d)
    (d / "raw.ch").write_text("[" * 100_000)


@compressed.opens(
    "a `.ch` that claims 10^15 samples",
    "raw.cbin: raw.ch claims what raw.cbin cannot hold; copy or compress the recording again. Traces are not shown.",
)
def claims_giant_chunks(d: Path) -> None:
    _change(d, chunk_bounds=[0, 20_000, 10**15])


@compressed.opens(
    "a `.ch` whose chunks lie outside of the file",
    "raw.cbin is cut short: it holds no complete chunk; copy or compress the recording again. Traces are not shown.",
)
def has_chunks_outside(d: Path) -> None:
    _change(d, chunk_offsets=[0, 10**14, 2 * 10**14])


@compressed.opens(
    "a `.ch` with negative channels",
    "raw.cbin: raw.ch claims what raw.cbin cannot hold; copy or compress the recording again. Traces are not shown.",
)
def has_negative_channels(d: Path) -> None:
    _change(d, n_channels=-10)


@compressed.opens(
    "a `.ch` with samples of Python objects",
    "raw.cbin: raw.ch claims what raw.cbin cannot hold; copy or compress the recording again. Traces are not shown.",
)
def has_pickled_samples(d: Path) -> None:
    _change(d, dtype="object")


@compressed.opens(
    "a chunk that unpacks to 256 MB",
    "raw.cbin is damaged from sample 0 to 20,000; copy or compress the recording again.",
)
def is_a_bomb(d: Path) -> None:
    import zlib

    _compress(d)
    content = json.loads((d / "raw.ch").read_text())
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 24)) for _ in range(16)) + packer.flush()
    (d / "raw.cbin").write_bytes(packed + packed)
    content["chunk_offsets"] = [0, len(packed), 2 * len(packed)]
    (d / "raw.ch").write_text(json.dumps(content))
