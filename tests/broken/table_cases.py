"""Tables of labels and of events that are damaged, foreign or giant."""

from __future__ import annotations

from pathlib import Path

from tests.broken.case import Topic
from tests.broken.sound import GROUPS, fifo, in_place, link_loop

labels = Topic("Labels of clusters")
events = Topic("Events")
TSV = "cluster_group.tsv"


def _text(d: Path, content: str | bytes, name: str = TSV) -> None:
    (d / name).write_bytes(content.encode() if isinstance(content, str) else content)


@labels.opens("an empty file")
def is_an_empty_table(d: Path) -> None:
    _text(d, "")


@labels.opens("NUL bytes", "cluster_group.tsv: 2 rows have no cluster number and are left out.")
def has_nul_bytes(d: Path) -> None:
    _text(d, GROUPS + "3\tgo\0od\n\0\t\0\n" + "\0" * 1000)


@labels.opens("a byte order mark, and lines that end as Windows and old Macintosh do")
def has_foreign_ends(d: Path) -> None:
    _text(d, "\ufeffcluster_id\tgroup\r\n0\tgood\r1\tmua\r\n")


@labels.opens("Latin-1", "cluster_group.tsv: is not written in UTF-8 and is read as Latin-1; a save writes UTF-8.")
def is_latin(d: Path) -> None:
    _text(d, "cluster_id\tgroup\n0\tgénéral\n".encode("latin-1"))


@labels.opens("UTF-16", "cluster_group.tsv: is not written in UTF-8 and is read as Latin-1; a save writes UTF-8.")
def is_utf16(d: Path) -> None:
    _text(d, GROUPS.encode("utf-16"))


@labels.opens("a quote that is never closed", "values go over several lines: is a quote never closed?")
def has_an_open_quote(d: Path) -> None:
    _text(d, GROUPS + '3\t"good\n4\tmua\n' * 50_000)


@labels.opens(
    "names of groups with spaces around them, line ends in them, and nothing but signs that are not seen",
    "cluster_group.tsv: 1 values go over several lines: is a quote never closed?",
)
def has_strange_group_names(d: Path) -> None:
    _text(d, 'cluster_id\tgroup\n0\t good  \n1\t"two\n\tlines"\n2\t\x01\x02\n3\t   \n4\t' + "long" * 1000 + "\n")


@labels.opens("clusters named twice", "cluster_group.tsv: 2 rows name a cluster again; the last one counts.")
def has_clusters_twice(d: Path) -> None:
    _text(d, GROUPS + "0\tnoise\n0\tmua\n")


@labels.opens(
    "clusters that are negative, giant, halves or words",
    "cluster_group.tsv: 4 rows have no cluster number and are left out.",
)
def has_strange_clusters(d: Path) -> None:
    _text(d, GROUPS + f"-4\tgood\n{10**30}\tgood\n{'9' * 10_000}\tmua\n1.5\tmua\nseven\tmua\nnan\tmua\n")


@labels.opens(
    "a line of 50 MB", "cluster_group.tsv: cannot be read (field larger than field limit (131072)) and is left out."
)
def has_a_giant_line(d: Path) -> None:
    _text(d, GROUPS + "3\t" + "x" * (50 << 20) + "\n")


@labels.opens(
    "a first line of 50 MB",
    "cluster_group.tsv: cannot be read (field larger than field limit (131072)) and is left out.",
)
def has_a_giant_first_line(d: Path) -> None:
    _text(d, "x" * (50 << 20))


@labels.opens("a million rows", "")
def has_a_million_rows(d: Path) -> None:
    _text(d, "cluster_id\tgroup\n" + "".join(f"{i}\tgood\n" for i in range(1_000_000)))


@labels.opens("10,000 columns", "cluster_all.tsv: has 10,000 columns; the first 500 are read.")
def has_many_columns(d: Path) -> None:
    names = "\t".join(f"c{i}" for i in range(10_000))
    _text(d, f"cluster_id\t{names}\n" + "".join(f"{c}" + "\t1" * 10_000 + "\n" for c in range(5)), "cluster_all.tsv")


@labels.opens(
    "columns whose names are paths", "cluster_x.tsv: 3 columns have names that no file can have and are left out."
)
def has_paths_as_columns(d: Path) -> None:
    _text(d, "cluster_id\t../evil\t..\t/etc/x\ta\\b\tgood name\n0\t1\t2\t3\t4\t5\n", "cluster_x.tsv")


@labels.opens(
    "a column with a name of 10,000 letters",
    "cluster_x.tsv: 1 columns have names that no file can have and are left out.",
)
def has_a_giant_column_name(d: Path) -> None:
    _text(d, f"cluster_id\t{'x' * 10_000}\n0\t1\n", "cluster_x.tsv")


@labels.opens("a column named as one of the window's own")
def has_builtin_columns(d: Path) -> None:
    _text(d, "cluster_id\tid\tch\tn_spikes\tdepth\tgroup\n0\t9\tx\t-1\tnan\tgood\n", "cluster_x.tsv")


@labels.opens("values that are not finite, giant, or text of 100,000 letters")
def has_strange_values(d: Path) -> None:
    _text(d, f"cluster_id\tvalue\n0\tnan\n1\tinf\n2\t1e999\n3\t{'9' * 400}\n4\t{'y' * 100_000}\n", "cluster_value.tsv")


@labels.opens("formulas of a spreadsheet and HTML")
def has_formulas(d: Path) -> None:
    _text(d, 'cluster_id\tnote\n0\t=HYPERLINK("x")\n1\t<b>bold</b><img src="file:///etc/passwd">\n', "cluster_note.tsv")


@labels.opens("a pipe", "cluster_group.tsv: cannot be read (it is a pipe and no file) and is left out.")
def is_a_pipe_of_labels(d: Path) -> None:
    fifo(d, TSV)


@labels.opens("a folder", "cluster_group.tsv: cannot be read (it is a folder and no file) and is left out.")
def is_a_folder_of_labels(d: Path) -> None:
    in_place(d, TSV).mkdir()


@labels.opens(
    "a link that leads to itself",
    "cluster_group.tsv: cannot be read (too many levels of symbolic links) and is left out.",
)
def is_a_loop_of_labels(d: Path) -> None:
    link_loop(d, TSV)


@labels.opens(
    "a file that may not be read",
    "cluster_group.tsv: cannot be read (permission denied) and is left out.",
    as_user=True,
)
def is_forbidden_labels(d: Path) -> None:
    (d / TSV).chmod(0)


@events.opens(
    "an array of Python objects",
    "events.npy: holds no events that can be read (events.npy holds Python objects instead of numbers, which is never loaded; export it again.) and is left out.",
)
def has_pickled_events(d: Path) -> None:
    from tests.broken.array_cases import is_pickled

    is_pickled(d, "events.npy")


@events.opens(
    "times that are not finite, before the start and after the end",
    "events.csv: 1 events of a have no time and are left out.",
)
def has_strange_events(d: Path) -> None:
    _text(d, "time,label\nnan,a\n-5,a\n1e300,b\n0.5,c\ninf,c\n", "events.csv")


@events.opens(
    "a table without times",
    "events.csv: holds no events that can be read (no column is called time; there are a, b) and is left out.",
)
def has_events_without_times(d: Path) -> None:
    _text(d, "a,b\nx,y\n", "events.csv")


@events.opens("a pipe", "events.csv: cannot be read (it is a pipe and no file) and is left out.")
def has_a_pipe_of_events(d: Path) -> None:
    fifo(d, "events.csv")


@events.opens(
    "a recording of lines of which one half is missing",
    "TTL: holds no events that can be read (sample_numbers.npy is not a valid .npy file; export it again.) and is left out.",
)
def has_half_a_ttl(d: Path) -> None:
    (d / "TTL").mkdir()
    _text(d, b"\x93NUMPY", "TTL/sample_numbers.npy")
