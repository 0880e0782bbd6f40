"""All broken datasets, by topic."""

from __future__ import annotations

from tests.broken import (
    array_cases,
    compressed_cases,
    folder_cases,
    kwik_cases,
    params_cases,
    table_cases,
    template_cases,
)
from tests.broken.case import Case, Topic

TOPICS: tuple[Topic, ...] = tuple(
    topic
    for module in (params_cases, compressed_cases, array_cases, template_cases, table_cases, folder_cases, kwik_cases)
    for topic in vars(module).values()
    if isinstance(topic, Topic)
)
CASES: tuple[Case, ...] = tuple(case for topic in TOPICS for case in topic.cases)
