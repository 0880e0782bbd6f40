"""Groups and labels of the clusters of one clustering in a Kwik file: reading them, and writing what changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from phy_medicine.base.types import LabelValue
from phy_medicine.io.checks import CheckList
from phy_medicine.io.h5 import H5File, number_of
from phy_medicine.io.kwik_write import (
    DEFAULT_GROUPS,
    UNSORTED_ID,
    group_ids,
    write_cluster_group,
    write_color,
    write_label,
)
from phy_medicine.io.metadata import GROUP, group_name

Fields = dict[str, dict[int, LabelValue]]

QUALITY, OWN = "quality_measures", "user_data"
UNSORTED = "unsorted"
_UNNAMED = re.compile(r"group_(\d+)")


def read_labels(
    file: H5File, group: str, clustering: str, cluster_ids: Iterable[int], checks: CheckList | None = None
) -> Fields:
    """Read the group and the labels of clusters.

    group : path of the channel group

    Returns
    -------
    field -> cluster -> value; `group` comes first, and holds no cluster that nobody has put anywhere
    """
    names = _group_names(file, group, clustering)
    fields: Fields = {GROUP: {}}
    damaged: list[int] = []
    for cluster in cluster_ids:
        node = f"{group}/clusters/{clustering}/{cluster}"
        group_id = _group_id(file.read_attr(node, "cluster_group", None), names)
        if group_id is None:
            damaged.append(cluster)
        elif group_id != UNSORTED_ID:
            fields[GROUP][cluster] = _shown(names.get(group_id, "")) or f"group_{group_id}"
        own = _labels_at(file, f"{node}/{OWN}")
        if group_id == UNSORTED_ID and own.pop(GROUP, None) == UNSORTED:
            fields[GROUP][cluster] = UNSORTED
        for name, value in {**_labels_at(file, f"{node}/{QUALITY}"), **own}.items():
            if name != GROUP:
                fields.setdefault(name, {})[cluster] = value
    if damaged and checks is not None:
        some = ", ".join(map(str, damaged[:8])) + (" and others" if len(damaged) > 8 else "")
        checks.warn(file.path.name, f"{len(damaged)} clusters have no readable group and start unsorted: {some}.")
    return fields


def write_labels(
    file: H5File,
    group: str,
    clustering: str,
    fields: Mapping[str, Mapping[int, LabelValue]],
    cluster_ids: Iterable[int],
    known_ids: frozenset[int],
) -> None:
    """Write group and labels of the clusters that exist; what is right already is left alone, as are other clusters.

    known_ids : clusters that the file's labels named so far; a node of another is left over from an earlier curation,
        and its labels are not those of the new cluster

    Raises
    ------
    DatasetError : the file cannot be written
    """
    wanted_groups = fields.get(GROUP, {})
    groups_path = f"{group}/cluster_groups/{clustering}"
    ids = _write_groups(file, groups_path, [str(name) for name in wanted_groups.values()])
    others = {name: values for name, values in fields.items() if name != GROUP}
    for cluster in cluster_ids:
        node = f"{group}/clusters/{clustering}/{cluster}"
        if cluster not in known_ids:
            _begin(file, node, cluster)
        name = str(wanted_groups.get(cluster, UNSORTED)).lower()
        _put(file, node, "cluster_group", ids[name])
        own = {field: values[cluster] for field, values in others.items() if cluster in values}
        # The format has one number for "unsorted" and for "nobody looked": ours tells them apart.
        _write_own(file, node, {**own, GROUP: UNSORTED} if cluster in wanted_groups and name == UNSORTED else own)


def _write_groups(file: H5File, groups_path: str, names: list[str]) -> dict[str, int]:
    """Make the groups that are not there yet; name in lower case -> id."""
    present = _named(file, groups_path)
    for number, name in [(m[1], name) for name in names if (m := _UNNAMED.fullmatch(name))]:
        present.setdefault(int(number), name)
    known = {**{i: n for i, n in DEFAULT_GROUPS.items() if i not in present}, **present}
    ids = group_ids(sorted(set(names)), known)
    for group_id, name in ids.values():
        if not file.exists(f"{groups_path}/{group_id}"):
            write_cluster_group(file, groups_path, group_id, name)
    return {name: group_id for name, (group_id, _) in ids.items()}


def _begin(file: H5File, node: str, cluster: int) -> None:
    """Make the node of a new cluster, or take the old cluster's labels from one that was left behind."""
    for part in (QUALITY, OWN):
        if file.exists(f"{node}/{part}"):
            file.delete(f"{node}/{part}")
    file.make_group(node)
    if file.read_attr(f"{node}/application_data/klustaviewa", "color", None) is None:
        write_color(file, node, cluster)


def _write_own(file: H5File, node: str, wanted: Mapping[str, LabelValue]) -> None:
    measured, own = _labels_at(file, f"{node}/{QUALITY}"), _labels_at(file, f"{node}/{OWN}")
    for name in measured.keys() - wanted.keys():
        file.delete_attr(f"{node}/{QUALITY}", name)
    for name in own.keys() - wanted.keys():
        file.delete_attr(f"{node}/{OWN}", name)
    for name, value in wanted.items():
        now = own.get(name, measured.get(name))
        if now is None or type(now) is not type(value) or not _same(now, value):
            write_label(file, node, name, value)


def _put(file: H5File, node: str, name: str, value: int) -> None:
    """Write a whole number as a scalar, unless it is there as one."""
    now = file.read_attr(node, name, None)
    if not (isinstance(now, int) and now == value):
        file.write_attr(node, name, np.int64(value))


def _labels_at(file: H5File, node: str) -> dict[str, LabelValue]:
    """Attributes that are one number or one text; others are not ours."""
    out: dict[str, LabelValue] = {}
    for name, value in file.attrs(node).items():
        single = number_of(value) if isinstance(value, np.ndarray) else value
        if isinstance(single, int | float) or (isinstance(single, str) and single):
            out[name] = single
    return out


def _group_names(file: H5File, group: str, clustering: str) -> dict[int, str]:
    """Id -> name of the groups, the default ones where the file lacks them."""
    return {**DEFAULT_GROUPS, **_named(file, f"{group}/cluster_groups/{clustering}")}


def _named(file: H5File, groups_path: str) -> dict[int, str]:
    """Id -> name of the groups that are in the file with a name."""
    found = {
        int(c): file.read_attr(f"{groups_path}/{c}", "name", "") for c in file.children(groups_path) if c.isdecimal()
    }
    return {group_id: name for group_id, name in found.items() if isinstance(name, str) and name.strip()}


def _group_id(value: Any, names: Mapping[int, str]) -> int | None:
    """The id that a `cluster_group` attribute means: a number, an array of one, or a name by mistake."""
    if isinstance(value, str):
        by_name = {name.lower(): group_id for group_id, name in sorted(names.items(), reverse=True)}
        if value.strip().lower() in by_name:
            return by_name[value.strip().lower()]
    number = number_of(value)
    return int(number) if number is not None and float(number).is_integer() and number >= 0 else None


def _shown(name: str) -> str:
    """A group's name as the program knows it: the four that always exist in lower case, others as they are."""
    name = group_name(name)
    lower = name.lower()
    return lower if lower in {default.lower() for default in DEFAULT_GROUPS.values()} else name


def _same(a: LabelValue, b: LabelValue) -> bool:
    return a == b or (a != a and b != b)  # NaN is the same as NaN
