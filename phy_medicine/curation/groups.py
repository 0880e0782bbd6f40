"""Groups of clusters: their colours and keys, and which of them navigation skips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from phy_medicine.base.errors import ActionError

UNSORTED = "unsorted"
NOISE = "noise"
"""What a cluster without a group is called."""
LONGEST_NAME = 200
"""Characters of the name of a group; of a longer one a file is not read to its end."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group that clusters can be moved to.

    color : of its rows in the tables, `#RRGGBB`
    map_color : RGB 0..1, in the views of all clusters
    key : pressed with Alt, Ctrl or both to move clusters here; "" if there is none
    letter : stands for the group where there is no room for its name
    masked : its clusters are dimmed and skipped by navigation
    """

    name: str
    color: str
    map_color: tuple[float, float, float]
    key: str = ""
    letter: str = ""
    masked: bool = False


DEFAULT_GROUPS = (
    Group("noise", "#777777", (0.4, 0.4, 0.4), "n", "N", True),
    Group("mua", "#AFAFAF", (0.5, 0.5, 0.5), "m", "M", True),
    Group("good", "#86D16D", (0.5254, 0.8196, 0.42745), "g", "G", False),
    Group(UNSORTED, "#FFFFFF", (0.75, 0.75, 0.75), "u", "U", False),
)

# Far from the green, the greys and white of the default groups, and from each other.
_CUSTOM_COLORS = ("#5AB4FF", "#FFB45A", "#D78CFF", "#FF7D8C", "#5AE1D2", "#E6DC5A", "#B4966E", "#A0AAFF")
# For every kind of colour vision: greys by brightness, sky blue for good, which nobody confuses with them, then the
# other colours of the palette of `colors.PALETTES`.
_SAFE_CUSTOM_COLORS = ("#E69F00", "#CC79A7", "#F0E442", "#009E73", "#D55E00", "#0072B2", "#EE6677", "#AA3377")
_PALETTES = {
    "phy": (*(group.color for group in DEFAULT_GROUPS), *_CUSTOM_COLORS),
    "okabe-ito": ("#777777", "#AFAFAF", "#56B4E9", "#FFFFFF", *_SAFE_CUSTOM_COLORS),
}


class Groups:
    """The groups known in a session: the four of phy, and any that the user or the dataset adds."""

    def __init__(self) -> None:
        self._groups = {group.name: group for group in DEFAULT_GROUPS}
        self._custom_colors: tuple[str, ...] = _CUSTOM_COLORS

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def __len__(self) -> int:
        return len(self._groups)

    def get(self, name: str | None) -> Group:
        """Return a group by name, unsorted for None; a name not met before becomes a group of its own."""
        name = name or UNSORTED
        return self._groups.get(name) or self.add(name)

    def choose(self, name: object) -> Group:
        """Return the group that clusters are to be put into; a name not met before becomes a group of its own.

        Raises
        ------
        ActionError : a new name that cannot be a group's, or that differs from a known one in its case alone
        """
        known = self._groups.get(name) if isinstance(name, str) else None
        return known or self.add(self._checked(name))

    def _checked(self, name: object) -> str:
        if not isinstance(name, str) or _is_number(name):
            raise ActionError(f"{name!r} cannot be the name of a group: files of phy 1 number theirs; use a word.")
        if not name.isprintable() or len(name) > LONGEST_NAME:
            raise ActionError(
                f"{name[:LONGEST_NAME]!r} cannot be the name of a group; use at most {LONGEST_NAME} visible characters."
            )
        like = next((group.name for group in self if group.name.casefold() == name.casefold()), None)
        if like is not None:
            raise ActionError(f"There is no group {name}; there is {like}, written like that.")
        return name

    def add(self, name: str, *, color: str = "", key: str = "", masked: bool = False) -> Group:
        """Add a group, or change one that is there.

        Raises
        ------
        ActionError : the name is empty, or the key already belongs to another group
        """
        if not name or name != name.strip() or any(c in name for c in "\t\r\n"):
            raise ActionError(f"{name!r} cannot be the name of a group; use visible characters without tabs.")
        taken = {g.key: g.name for g in self if g.key and g.name != name}
        if key in taken:
            raise ActionError(f"The key {key} already moves clusters to {taken[key]}; choose another for {name}.")
        color = color or self._free_color()
        group = Group(name, color, _rgb(color), key or self._free_key(name, set(taken)), name[0].upper(), masked)
        self._groups[name] = group
        return group

    def remove(self, name: str) -> None:
        """Forget a group that was added.

        Raises
        ------
        ActionError : there is no such group, or it is one of the four that always exist
        """
        if name not in self._groups or any(group.name == name for group in DEFAULT_GROUPS):
            raise ActionError(f"The group {name} cannot be removed; only groups that were added can.")
        del self._groups[name]

    def use_palette(self, name: str) -> None:
        """Give groups the colours of a palette, except those whose colour somebody chose."""
        palette = _PALETTES[name]
        self._custom_colors = palette[len(DEFAULT_GROUPS) :]
        places = {color: i for colors in _PALETTES.values() for i, color in enumerate(colors)}
        for group in self:
            place = places.get(group.color.upper())
            if place is not None and palette[place] != group.color.upper():
                changed = replace(group, color=palette[place], map_color=_rgb(palette[place]))
                self._groups[group.name] = changed

    def is_masked(self, name: str | None) -> bool:
        """Say whether navigation skips clusters of this group."""
        return self.get(name).masked

    def _free_color(self) -> str:
        """First custom colour that no group has; they repeat when all are used."""
        used = {group.color for group in self}
        free = [color for color in self._custom_colors if color not in used]
        return free[0] if free else self._custom_colors[len(self) % len(self._custom_colors)]

    @staticmethod
    def _free_key(name: str, taken: set[str]) -> str:
        """First letter of the name that moves to no other group, or none."""
        return next((c for c in name.lower() if c.isascii() and c.isalpha() and c not in taken), "")


def _is_number(name: str) -> bool:
    """Whether the tables would read a name back as a number."""
    try:
        float(name)
    except ValueError:
        return False
    return True


def _rgb(color: str) -> tuple[float, float, float]:
    """Parse `#RRGGBB`."""
    digits = color.removeprefix("#")
    if len(digits) != 6 or any(c not in "0123456789abcdefABCDEF" for c in digits):
        raise ActionError(f"{color!r} is not a colour; write it as #RRGGBB.")
    return (int(digits[:2], 16) / 255, int(digits[2:4], 16) / 255, int(digits[4:], 16) / 255)
