"""Inputs with the structure of a format and the wrong content, as strategies of hypothesis."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from phy_medicine.io.journal_lines import encode_ids

Bytes = st.SearchStrategy[bytes]

ODD_TEXTS = (
    "",
    " ",
    "\0",
    "\ud800",
    "\ufeff",
    "\u202e",
    "é" * 40,
    "a" * 5000,
    "../../x",
    "/etc/passwd",
    "C:\\x",
    "..",
    ".",
    "nan",
    "inf",
    "-0",
    "1e999",
    "1_000",
    "٣",
    "²",
    "⅛",
    "0x10",
    "9" * 400,
    "9" * 5000,
    "None",
    "True",
    "%s",
    "{}",
    "'",
    '"',
    "`",
    "\t",
    "\r\n",
    "\x85",
    "\u2028",
    "*",
    "?",
    "[",
    "(?:(a+)+)+$",
    "__class__",
    "__import__('os')",
)
ODD_NUMBERS = (
    0,
    -1,
    1,
    2,
    127,
    128,
    255,
    256,
    2**15,
    2**31 - 1,
    2**31,
    2**32,
    2**53,
    2**63 - 1,
    2**63,
    -(2**63),
    2**64,
    10**15,
    10**30,
    10**400,
    0.5,
    -0.0,
    1e-320,
    1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
)

numbers = st.one_of(st.sampled_from(ODD_NUMBERS), st.integers(-20, 20), st.integers(), st.floats())
words = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=12))
scalars = st.one_of(st.none(), st.booleans(), numbers, words)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=8,
)


def as_json(value: Any) -> bytes:
    """Return a value as JSON; numbers that JSON does not know are written as Python's readers take them."""
    return json.dumps(value).encode()


@st.composite
def json_like(draw: st.DrawFn, seeds: Sequence[Any]) -> bytes:
    """One of some contents with up to three values replaced, left out, doubled or nested deeply."""
    content = json.loads(json.dumps(draw(st.sampled_from(seeds))))
    for _ in range(draw(st.integers(1, 3))):
        content = _changed(draw, content, 0)
    if draw(st.integers(0, 30)) == 0:
        depth = draw(st.sampled_from((50, 500, 990, 5000)))
        return b'{"a":' * depth + as_json(content) + b"}" * depth
    return as_json(content)


def _changed(draw: st.DrawFn, value: Any, depth: int) -> Any:
    inside = isinstance(value, dict | list) and len(value) > 0 and (depth == 0 or draw(st.integers(0, 3)) > 0)
    if not inside:
        return draw(values)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    copy: Any = value.copy()
    what = draw(st.integers(0, 9))
    if what == 0:
        del copy[key]
    elif what == 1 and isinstance(copy, list):
        copy.append(copy[key])
    elif what == 1:
        copy[draw(words)] = copy[key]
    else:
        copy[key] = _changed(draw, value[key], depth + 1)
    return copy


def lines_of(parts: Sequence[str], *, glue: Sequence[str] = ("", " ", "\n")) -> Bytes:
    """Return a strategy of words of a language with odd texts and numbers between them, one after the other."""
    piece = st.one_of(st.sampled_from(list(parts)), words, numbers.map(repr))
    found = st.lists(st.tuples(piece, st.sampled_from(list(glue))), min_size=1, max_size=14)
    return found.map(lambda pairs: "".join(text + sign for text, sign in pairs).encode("utf-8", "surrogatepass"))


def tables(headers: Sequence[str], delimiters: str = "\t,") -> Bytes:
    """Return a strategy of tables as TSV or CSV, their rows of odd cells and lengths."""
    cell = st.one_of(st.integers(-3, 30).map(str), numbers.map(repr), words)
    header = st.lists(st.one_of(st.sampled_from(list(headers)), words), min_size=1, max_size=5)
    parts = st.tuples(
        header,
        st.lists(st.lists(cell, max_size=6), max_size=6),
        st.sampled_from(delimiters),
        st.sampled_from(("\n", "\r\n", "\r")),
    )
    return parts.map(lambda p: p[3].join(p[2].join(row) for row in [p[0], *p[1]]).encode("utf-8", "surrogatepass"))


DTYPES = (
    "<f4",
    "<f8",
    ">f8",
    "<i4",
    "<i8",
    ">i2",
    "|u1",
    "<u8",
    "|b1",
    "<f2",
    "<c8",
    "|O",
    "<U3",
    "|S4",
    "|V8",
    "<M8[s]",
    "<m8",
    "f4",
    "",
    "q",
    "<U99999999",
    "|V0",
    "|S0",
    "i9",
    [("a", "<f4"), ("b", "|O")],
    ["<f4"],
    [("a", "<f4", (2, 10**9))],
    3,
    None,
)


@st.composite
def npy_files(draw: st.DrawFn, shapes: Sequence[tuple[int, ...]]) -> bytes:
    """An `.npy` file whose header and content need not fit."""
    size = st.one_of(st.integers(-1, 12), st.sampled_from(ODD_NUMBERS))
    shape = draw(st.one_of(st.sampled_from(shapes), st.lists(size, max_size=4).map(tuple)))
    order = draw(st.one_of(st.just(False), st.just(True), scalars))
    facts: Any = {"descr": draw(st.sampled_from(DTYPES)), "fortran_order": order, "shape": shape}
    if draw(st.integers(0, 9)) == 0:
        facts[draw(words)] = draw(scalars)
    text = repr(facts).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 20)) == 0:
        text = b"(" * draw(st.sampled_from((99, 199, 5000))) + text
    version = draw(st.sampled_from(((1, 0), (2, 0), (3, 0), (1, 0), (4, 0))))
    length = max(0, len(text) + draw(st.sampled_from((0, 0, 0, 1, -1, 100, 1 << 20))))
    packed = struct.pack("<H", length & 0xFFFF) if version == (1, 0) else struct.pack("<I", length)
    return b"\x93NUMPY" + bytes(version) + packed + text + draw(st.binary(max_size=400))


def journal_line(record: Any) -> bytes:
    """Return a record with the right checksum, whatever it holds."""
    body = json.dumps(record, separators=(",", ":")).encode()
    if not body.endswith(b"}"):
        body = b"{}"
    mark = b'"crc32":"' if body == b"{}" else b',"crc32":"'
    return body[:-1] + mark + f"{zlib.crc32(body):08x}".encode() + b'"}\n'


id_lists = st.lists(st.integers(-5, 250), max_size=6)
packed_ids = st.one_of(
    id_lists.map(lambda ids: {"__ints__": encode_ids(ids)}),
    st.sampled_from(("", "i1:", "i8:AAAA", "i1:eJwDAAAAAAE=", "i4:eJxjYGBgAAAABAAB")).map(lambda t: {"__ints__": t}),
    values.map(lambda v: {"__ints__": v}),
    id_lists,
)
_any_ids = st.one_of(st.lists(st.integers(-1, 9), max_size=4), values)
records = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("merge"), "cluster_ids": _any_ids, "new_id": st.one_of(st.integers(-1, 12), scalars)}
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("split"),
            "spike_ids": packed_ids,
            "parts": st.one_of(st.none(), packed_ids),
            "part_ids": _any_ids,
            "old_ids": _any_ids,
            "rest": st.one_of(st.lists(st.tuples(numbers, numbers), max_size=3), values),
            "cells": st.one_of(st.just([]), st.lists(st.tuples(words, numbers, scalars), max_size=3), values),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("group"), "cluster_ids": _any_ids, "group": scalars}),
    st.fixed_dictionaries({"kind": st.just("label"), "field": scalars, "cluster_ids": _any_ids, "value": values}),
    st.fixed_dictionaries(
        {
            "kind": st.just("restore"),
            "clusters": st.one_of(
                st.lists(st.fixed_dictionaries({"id": numbers, "spike_ids": packed_ids}), max_size=3), values
            ),
            "cells": st.one_of(st.lists(st.tuples(words, numbers, scalars), max_size=3), values),
        }
    ),
    st.sampled_from(("undo", "redo", "saved", "discarded", "move", None)).map(lambda kind: {"kind": kind}),
    values,
)


@st.composite
def journals(draw: st.DrawFn, header: dict[str, Any]) -> bytes:
    """A journal whose lines all have the right checksum, and whose actions need not fit."""
    first = {
        **header,
        **draw(st.one_of(st.just({}), st.dictionaries(st.sampled_from(sorted(header)), scalars, max_size=2))),
    }
    lines = [journal_line(first)]
    for number, record in enumerate(draw(st.lists(records, max_size=5)), 1):
        seq = draw(st.one_of(st.just(number), st.just(number), st.just(number), scalars))
        lines.append(journal_line({"seq": seq, "time": "", **record} if isinstance(record, dict) else record))
    return b"".join(lines)[: draw(st.sampled_from((None, None, None, -1, -20)))]


def mutated(seeds: Sequence[bytes], dictionary: Sequence[bytes]) -> Bytes:
    """Return a strategy of good inputs with bytes changed, left out, repeated, or with words of the format put in."""
    starts = st.sampled_from(list(seeds) or [b""])
    pieces = [st.binary(max_size=4), *([st.sampled_from(list(dictionary))] if dictionary else [])]
    edit = st.tuples(
        st.integers(0, 5),
        st.integers(0, 1 << 16),
        st.sampled_from((0, 1, 1, 2, 4, 8, 32)),
        st.one_of(pieces),
        st.sampled_from((1, 2, 30, 1000)),
        st.sampled_from((b"\0", b"\xff", b"\x80", b"\x7f")),
    )
    return st.tuples(starts, st.lists(edit, min_size=1, max_size=5)).map(_edited)


def _edited(pair: tuple[bytes, list[tuple[int, int, int, bytes, int, bytes]]]) -> bytes:
    data = bytearray(pair[0])
    for what, where, length, piece, times, byte in pair[1]:
        place = where % (len(data) + 1)
        match what:
            case 0 | 1:
                data[place : place + length] = piece
            case 2:
                del data[place : place + length]
            case 3 if place < len(data):
                data[place] ^= 1 << length % 8
            case 4:
                data[place:place] = data[place : place + length] * times
            case _ if place < len(data):
                size = min(length, len(data) - place)
                data[place : place + size] = byte * size
    return bytes(data)
