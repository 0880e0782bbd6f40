"""Finding actions by a few letters of their names: the beginning of a name counts most, then beginnings of words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from phy_medicine.session.actions import Action

EXACT, PREFIX, WORDS, INITIALS, INSIDE, SCATTERED = 140.0, 100.0, 80.0, 60.0, 40.0, 20.0
"""How good a match is; between two kinds of match what was used lately decides nothing."""
_RECENT = 15.0
_OTHER_NAME = 5.0
"""What a match in the id, the kind of view or the menu is worth less than one in the text that is shown."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well letters fit a text; places : indices of the characters that fit."""

    score: float
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """An action of the result; places : characters of its text that fit; reason : why it cannot be used now, or ""."""

    action: Action
    places: tuple[int, ...] = ()
    reason: str = ""


def match(letters: str, text: str) -> Match | None:
    """Return how well letters fit a text, None when they do not; neither case nor underscores count."""
    wanted, where = letters.lower().replace("_", " "), text.lower().replace("_", " ")
    if not wanted:
        return Match(0.0, ())
    starts = [i for i, c in enumerate(where) if c.isalnum() and (i == 0 or not where[i - 1].isalnum())]
    shortness = 5.0 / (1 + len(where) / 10)
    at = next((i for i in starts if where.startswith(wanted, i)), where.find(wanted))
    if at >= 0:
        kind = PREFIX if at == 0 else WORDS if at in starts else INSIDE
        whole = EXACT - PREFIX if wanted == where else 0.0
        return Match(kind + shortness + whole, tuple(range(at, at + len(wanted))))
    initials = _scattered(wanted, "".join(where[i] for i in starts))
    if len(wanted) > 1 and initials:
        return Match(INITIALS + shortness, tuple(starts[i] for i in initials))
    places = _scattered(wanted, where)
    if not places:
        return None
    spread = (places[-1] - places[0] + 1) / len(wanted)
    return Match(SCATTERED + shortness - min(spread, 10.0), places) if spread <= 4 else None


def _scattered(letters: str, text: str) -> tuple[int, ...]:
    """Return places of the letters in order, as close to the last one as can be; () when they are not there."""
    places: list[int] = []
    for letter in letters:
        at = text.find(letter, places[-1] + 1 if places else 0)
        if at < 0:
            return ()
        places.append(at)
    end = places[-1] + 1
    for i, letter in reversed(list(enumerate(letters))):
        end = places[i] = text.rfind(letter, 0, end)
    return tuple(places)


def _fits(query: str, action: Action) -> Match | None:
    """Return how well a query fits an action: as a whole, else every word of it somewhere."""
    if action.alias and query == action.alias:
        return Match(EXACT, ())
    whole = _best(query, action)
    words = query.split()
    if whole is not None or len(words) < 2:
        return whole
    parts = [_best(word, action) for word in words]
    if any(part is None for part in parts):
        return None
    found = [part for part in parts if part is not None]
    places = sorted({place for part in found for place in part.places})
    return Match(sum(part.score for part in found) / len(found) - 10, tuple(places))


def _best(letters: str, action: Action) -> Match | None:
    """Return the best match in the text, which is shown, or in what else the action is called."""
    shown = match(letters, action.text.rstrip("."))
    others = [match(letters, name) for name in (action.id, action.owner, action.menu) if name]
    best = max((m.score for m in others if m is not None and m.score >= INITIALS), default=0.0) - _OTHER_NAME
    if shown is not None and shown.score >= best:
        return shown
    return Match(best, ()) if best > 0 else None


def search(
    query: str,
    actions: Iterable[Action],
    *,
    recent: Sequence[str] = (),
    reason_of: Callable[[Action], str] = lambda action: "",
) -> list[Found]:
    """Return the actions that fit a query, best first; those that cannot be used now come last, with the reason.

    Parameters
    ----------
    recent : ids of actions used lately, the last one first; they come first among equals, and without a query
    """
    query = " ".join(query.lower().split())
    bonus = {id_: _RECENT * (1 - i / len(recent)) for i, id_ in enumerate(recent)}
    ranked = []
    for order, action in enumerate(actions):
        fit = _fits(query, action)
        if fit is not None:
            reason = reason_of(action)
            rank = (bool(reason), -fit.score - bonus.get(action.id, 0.0), order)
            ranked.append((rank, Found(action, fit.places, reason)))
    return [found for _, found in sorted(ranked, key=lambda pair: pair[0])]
