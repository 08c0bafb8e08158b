"""docs/security.md: the numbers of its summary, and that it judges every requirement once."""

from __future__ import annotations

import re
from collections import Counter

from tests.paths import ROOT

STATES = ["met", "partly", "not met", "n/a"]
# Requirements of levels 1 and 2 in each chapter of ASVS 5.0.
REQUIREMENTS = {
    **{"V1": 27, "V2": 11, "V3": 19, "V4": 10, "V5": 9, "V6": 35, "V7": 18, "V8": 7, "V9": 7},
    **{"V10": 29, "V11": 14, "V12": 9, "V13": 13, "V14": 9, "V15": 13, "V16": 16, "V17": 7},
}

_, _, _section = (ROOT / "docs" / "security.md").read_text().partition("<!-- asvs:begin -->")
SUMMARY, *CHAPTERS = _section.partition("<!-- asvs:end -->")[0].split("\n### ")


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of a table, without its header."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def states(chapter: str) -> Counter[str]:
    """State -> number of requirements of a chapter that are in it."""
    return Counter(state for ids, state, _ in rows(chapter) for _ in ids.split(", "))


def test_every_requirement_is_judged_once() -> None:
    for chapter in CHAPTERS:
        name = chapter.split()[0]
        ids = [each for cells in rows(chapter) for each in cells[0].split(", ")]
        assert len(ids) == len(set(ids)) == REQUIREMENTS[name], name
        assert all(re.fullmatch(rf"{name[1:]}\.\d+\.\d+", each) for each in ids), name
        assert states(chapter).keys() <= set(STATES), name
    assert [chapter.split()[0] for chapter in CHAPTERS] == [*REQUIREMENTS]


def test_the_summary_has_the_numbers_of_the_chapters() -> None:
    counted = [states(chapter) for chapter in CHAPTERS]
    counted.append(sum(counted, Counter()))
    expected = [[str(one[state]) for state in STATES] for one in counted]
    assert [cells[1:] for cells in rows(SUMMARY)] == expected
