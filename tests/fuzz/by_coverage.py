"""Inputs made by atheris: good ones changed at random, those that reach new lines of the program changed again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.target import Target

LONGEST = 4096


def instrument() -> None:
    """Count the branches of the program; call it before anything of it is imported."""
    import atheris

    atheris.instrument_imports(include=["phy_medicine"]).__enter__()


def feed(target: Target, feed_one: Callable[[bytes], None], n: int, seed: int, at_end: Callable[[], object]) -> None:
    """Feed a target `n` inputs, call `at_end`, and end the process, as libFuzzer does."""
    import atheris

    place = TemporaryDirectory(prefix="corpus")
    folder = Path(place.name)
    (folder / "seeds").mkdir()
    for i, content in enumerate(target.seeds):
        (folder / "seeds" / str(i)).write_bytes(content[:LONGEST])
    (folder / "words").write_text("".join(_as_word(word) for word in target.words if word))
    done = 0

    def one(data: bytes) -> None:
        nonlocal done
        feed_one(data)
        done += 1
        if done >= n:
            at_end()
            place.cleanup()
            os._exit(0)

    options = [
        f"-atheris_runs={n + 1000}",
        f"-seed={seed}",
        f"-max_len={LONGEST}",
        f"-dict={folder / 'words'}",
        "-rss_limit_mb=0",
        "-malloc_limit_mb=0",
        "-timeout=600",
        f"-artifact_prefix={folder}/",
        "-verbosity=0",
        "-print_final_stats=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder / "seeds")], one)
    atheris.Fuzz()


def _as_word(word: bytes) -> str:
    """Return a word as a line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word[:60]) + '"\n'
