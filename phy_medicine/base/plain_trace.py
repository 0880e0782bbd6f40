"""A traceback that can be given away: where in the code, and the words of the error that come from code."""

from __future__ import annotations

import linecache
import re
import sysconfig
import traceback
from collections.abc import Collection, Iterator
from pathlib import Path
from types import CodeType, TracebackType

import phy_medicine

LEFT_OUT = "\N{HORIZONTAL ELLIPSIS}"
_ELSEWHERE = "code of a plugin or the console"
_MAX_FRAMES = 60
_CODE = {Path(phy_medicine.__file__).parent: "phy_medicine", Path(sysconfig.get_path("stdlib")): "python"}
_PART = re.compile(r"(?P<quoted>(['\"`])(?P<inner>.*?)\2)|(?P<path>\S*[/\\]\S*)|\w+", re.DOTALL)
_REPEATED = re.compile(rf"{LEFT_OUT}(?:[\s,.:;_-]*{LEFT_OUT})+")

# Of the messages of Python and numpy, which are in no code object.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """a allocate already an and are argument arguments array at attribute axes axis be been between bool bounds
    broadcast buffer by bytes c call callable called can cannot changed closed complex convert could data
    deleted denied depth device dict dictionary dimension dimensions directory division does dtype during empty
    enough exceeded expected failed file float for from given got has have id ids in index indexed indices input
    int integer invalid is item items iterable iteration keyword left length list literal many mapping maximum
    memory method missing module must name nan ndarray no none nonetype not null object of on only operand
    operands or out permission positional range recursion required set shape shapes size slice slices space str
    string subscriptable such supported take takes the to together too tuple type types unable unexpected
    unhashable unpack unsupported value values was were with wrapped zero
        """,
    )
)


def plain_traceback(error: BaseException) -> list[str]:
    """Return the lines of a traceback, causes first, without anything that may come from data.

    Of the message of an error those words stay that are names or texts in the code it passed through; numbers, paths
    and other words are left out. Of code that is neither the program's nor a library's only the line number stays.
    """
    lines: list[str] = []
    for one in reversed(list(_chain(error))):
        lines += [*_frames(one.__traceback__), f"{type(one).__name__}: {plain_message(one)}".rstrip(": "), ""]
    return lines[:-1]


def plain_message(error: BaseException) -> str:
    """Return the message of an error, those words left out that do not come from code."""
    return without_data(str(error), _words_of(error.__traceback__))


def without_data(text: str, known: Collection[str]) -> str:
    """Leave out of a text every number and path, and every word that is neither known nor common in messages."""

    def part(match: re.Match[str]) -> str:
        if match["quoted"]:
            inner = match["inner"]
            return match[0] if inner in known and not inner.isdigit() else LEFT_OUT
        word = match[0]
        if match["path"]:
            return LEFT_OUT
        return "#" if word.isdigit() else word if word in known or word.lower() in _COMMON else LEFT_OUT

    return _REPEATED.sub(LEFT_OUT, _PART.sub(part, text))


def place_of(filename: str) -> str:
    """Return where a file of code is among the installed ones, "" when it is not one of them."""
    path = Path(filename)
    for marker in ("site-packages", "dist-packages"):
        if marker in path.parts:
            return "/".join(path.parts[path.parts.index(marker) + 1 :])
    for folder, name in _CODE.items():
        if path.is_relative_to(folder):
            return f"{name}/{path.relative_to(folder).as_posix()}"
    return filename if filename.startswith("<frozen ") else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error, then what it came of, then what that came of."""
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        yield now
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)


def _frames(trace: TracebackType | None) -> Iterator[str]:
    frames = list(traceback.walk_tb(trace))
    if len(frames) > _MAX_FRAMES:
        yield f"  ({len(frames) - _MAX_FRAMES} calls left out)"
    for frame, line in frames[-_MAX_FRAMES:]:
        code = frame.f_code
        place = place_of(code.co_filename)
        if not place:
            yield f"  {_ELSEWHERE}, line {line}"
            continue
        yield f"  {place}, line {line}, in {code.co_name}"
        yield f"    {linecache.getline(code.co_filename, line).strip()}"


def _words_of(trace: TracebackType | None) -> frozenset[str]:
    """Return the names and the words of texts in the installed code that a traceback goes through."""
    found: set[str] = set()
    for frame, _ in traceback.walk_tb(trace):
        if place_of(frame.f_code.co_filename):
            found.update(_words_in(frame.f_code))
    return frozenset(found)


def _words_in(code: CodeType) -> Iterator[str]:
    yield from (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _words_in(constant)
        elif isinstance(constant, str):
            yield from re.findall(r"\w+", constant)
