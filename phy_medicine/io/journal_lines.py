"""One line of the journal: a record as JSON with its own checksum, lists of spikes in short."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from phy_medicine.base.errors import JournalError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.types import IntArray

_MOST_BYTES = 1 << 30  # of the spikes of one action
_CRC = b',"crc32":"'
_ARRAY = "__ints__"


def encode_ids(ids: IntArray) -> str:
    """Return whole numbers as short text: differences in the smallest integer type, compressed; best when ascending."""
    ids = np.asarray(ids, dtype=np.int64)
    steps = np.diff(ids, prepend=np.int64(0))
    low, high = (int(steps.min()), int(steps.max())) if len(steps) else (0, 0)
    kind = next(k for k in ("i1", "i2", "i4", "i8") if np.iinfo(k).min <= low and high <= np.iinfo(k).max)
    packed = zlib.compress(steps.astype(f"<{kind}").tobytes(), 1)
    return f"{kind}:{base64.b64encode(packed).decode()}"


def decode_ids(text: str) -> IntArray:
    """Return the (n,) int64 numbers of `encode_ids`.

    Raises
    ------
    JournalError : the text is damaged
    """
    kind, _, packed = text.partition(":")
    try:
        if kind not in ("i1", "i2", "i4", "i8"):
            raise ValueError(kind)
        steps = np.frombuffer(_unpacked(base64.b64decode(packed, validate=True)), dtype=f"<{kind}")
    except (ValueError, binascii.Error, zlib.error):
        raise JournalError("A list of spikes in the journal is damaged and cannot be read.") from None
    return np.cumsum(steps, dtype=np.int64)


def _unpacked(packed: bytes) -> bytes:
    """What was compressed; a few bytes could fill the memory."""
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(packed, _MOST_BYTES)
    if not unpacker.eof:
        raise ValueError("cut short, or too long")
    return content


def encode_line(record: Mapping[str, Any]) -> bytes:
    """Return a record as one line of JSON that ends with its own checksum.

    Raises
    ------
    JournalError : a value that JSON has no form for
    """
    try:
        body = json.dumps(_plain(record), separators=(",", ":"), allow_nan=True).encode()
    except (TypeError, ValueError) as error:
        raise JournalError(f"An action cannot be written to the journal ({error}); nothing was changed.") from None
    return body[:-1] + _CRC + f"{zlib.crc32(body):08x}".encode() + b'"}\n'


def decode_line(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line without its checksum, or None when the line is damaged."""
    start, mark, rest = line.rpartition(_CRC)
    body = start + b"}"
    if not mark or rest != f"{zlib.crc32(body):08x}".encode() + b'"}':
        return None
    try:
        record = _arrays(parse_json(body))
    except (*WRONG_CONTENT, JournalError):
        return None
    return record if isinstance(record, dict) else None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.ndim != 1 or value.dtype.kind not in "iub":
            raise TypeError(f"an array of {value.dtype} with {value.ndim} axes")
        return {_ARRAY: encode_ids(value)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return decode_ids(value[_ARRAY]) if set(value) == {_ARRAY} else {k: _arrays(v) for k, v in value.items()}
    return [_arrays(item) for item in value] if isinstance(value, list) else value
