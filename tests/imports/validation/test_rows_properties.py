"""What is true of every row, however strange: nothing raises, and all results can be stored."""

from __future__ import annotations

import re

import email_validator
import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core import emails
from core.characters import FORMULA_STARTS, SIGNS, clean_for_storage, find_misplaced
from imports.schema.fields import FIELDS
from imports.validation import phones
from imports.validation.problems import Problem
from imports.validation.rows import RowChecker, UserRow, split_full_name
from tests.imports.validation.helpers import CHECKER, VALID_CELLS, columns_of

# Characters at the edges of the character classes, and lone surrogates.
EDGE_CHARACTERS = (
    "aZ09 .,-'_\\\"`<&é́ß王نیرक्श්ර한𠮷😀"
    + FORMULA_STARTS
    + SIGNS
    + "\x00\t\n\r\x1b\x1c\x1f\x7f\x80\x85\x9f\xa0\xad"
    + "\u034f\u061c\u061f\u0620\u109f\u10a0\u1160\u180a\u180b\u180e\u180f\u200a\u200b\u200c\u200d"
    + "\u200e\u2010\u2027\u2028\u202a\u202f\u2030\u205f\u2060\u206f\u2070\u2800\u3000\u3164"
    + "\ud7ff\ud800\udfff\ue000\ufdcf\ufdd0\ufe0e\ufe10\ufeff\ufff9\ufffc\ufffd\ufffe"
    + "\U00010000\U000e0001\U000e0100\U000e01f0\U0010ffff"
)
texts = st.one_of(
    st.text(alphabet=EDGE_CHARACTERS, max_size=12),
    st.text(max_size=6),
    st.builds(
        lambda edge, middle, count: edge + middle * count + edge,
        st.sampled_from([*EDGE_CHARACTERS, ""]), st.sampled_from("aé王 "), st.integers(97, 100),
    ),
    st.sampled_from(["Zoë", "O'Brien", "علی\u200cرضا", "de la Cruz", "x" * 10_000]),
)  # fmt: skip
email_parts = st.sampled_from(
    ["a", "Z", "9", "_", "ada", ".", "..", "-", "--", "+", "'", "!", "@", "@", "@", "xn--", "ü",
     "ａ", "＠", "。", " ", "\u00a0", "\u00ad", "\u200d", "ß", "İ", "ı", "K", "ſ", "а", "\ud800",
     "com", ".example", "@example.com", "@müller.example", "xn--mller-kva", "x" * 30, "(",
     '"', ",", "\x00"]
)  # fmt: skip
email_texts = st.one_of(
    st.lists(email_parts, max_size=8).map("".join),
    st.from_regex(r"[a-z0-9._+'-]{1,12}@[a-z0-9.-]{1,12}\.[a-zA-Z]{1,4}", fullmatch=True),
    st.emails(),
)
phone_texts = st.one_of(
    st.text(alphabet="0123456789 +()-./", max_size=22),
    st.from_regex(r"\+?[0-9][0-9 ()./-]{2,18}", fullmatch=True),
    st.lists(
        st.sampled_from(["+44", "20", "(0)", " ", "7946", ".0", "E+1", "x", "ext. 1", "٣", "\t"])
    ).map("".join),
)  # fmt: skip
words = st.sampled_from(
    ["admin", "Admin", "ADMINISTRATOR", "user", "readonly", "Read-Only", "read_only", "Read Only",
     "super_admin", "Super\u00a0Admin", "owner", "true", "True", "TRUE", "yes", "no", "1", "0", "y",
     "N", "on", "off", "enabled", "Disabled", "ja", "t", "ＴＲＵＥ", "yeſ", "admi\u0307n", ""]
)  # fmt: skip
cell_of = {
    "email": email_texts | st.just("ada@example.com"),
    "phone": phone_texts | st.just(""),
    **dict.fromkeys(("first_name", "last_name", "department", "location"), texts | st.just("Ada")),
}
ends = st.sampled_from(["", "", "", " ", "\t", "\u3000", "'", "\u200b"])
replacements = {
    name: st.tuples(ends, cell_of.get(name, words | texts), ends).map("".join) for name in FIELDS
}
# Most rows are the valid row with up to two cells replaced: if every cell were random, hardly any
# row would be valid.
few_replaced = st.lists(st.sampled_from([*FIELDS]), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries({name: replacements[name] for name in names})
)
rows = st.one_of(few_replaced, few_replaced, st.fixed_dictionaries(replacements)).map(
    lambda cells: tuple((VALID_CELLS | cells).values())
)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL accepts the text as text, in jsonb and as a cell in the format of COPY."""
    return not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text)


@settings(max_examples=600)
@given(rows)
def test_the_fast_check_agrees_with_the_check_field_by_field(cells):
    trimmed = tuple(map(str.strip, cells))
    by_field = CHECKER._check_each_field(trimmed, cells)
    assert CHECKER.check(cells) == by_field
    for values in (cells, trimmed):
        fast = CHECKER._check_fast(values)
        assert fast is None or fast == by_field


@settings(max_examples=400)
@given(rows)
def test_the_result_is_a_storable_row_or_storable_problems(cells):
    outcome = CHECKER.check(cells)
    if isinstance(outcome, UserRow):
        assert all(is_storable(text) and text == text.strip() for text in outcome[:7])
        assert find_misplaced("".join(outcome[1:3])) is None
        assert all(type(value) is bool for value in outcome[7:])
        assert CHECKER.email_key(cells) == outcome.email
        assert CHECKER.check(outcome[:7] + cells[7:]) == outcome  # stored values are valid
    else:
        assert outcome
        fields = [problem.field for problem in outcome]
        assert fields == [name for name in FIELDS if name in fields] or (
            [problem.code for problem in outcome] == ["no_address"]
        )
        for problem in (*outcome, *CHECKER.warnings(cells)):
            assert all(is_storable(text) for text in problem if text is not None)
            assert len(problem.message) <= 500
            assert len(problem.value) <= 100


@given(st.lists(st.text() | texts, max_size=14))
def test_nothing_raises_whatever_the_cells_are(cells):
    for names in (tuple(FIELDS), ("full_name", "notes", "email"), ("email",)):
        checker = RowChecker(columns_of(*names))
        outcome = checker.check(cells)
        assert isinstance(outcome, UserRow) or all(isinstance(one, Problem) for one in outcome)
        assert isinstance(checker.email_key(cells), str)
        assert isinstance(checker.warnings(cells), list)


@settings(max_examples=400)
@given(email_texts)
@example("ada@xn--mller-kva.example")
@example("K@example.com")
def test_an_accepted_email_is_valid_for_email_validator_and_already_normalised(text):
    try:
        email = emails.normalise(text)
    except emails.InvalidEmail:
        return
    assert email.isascii()
    assert email == email.lower()
    assert len(email) <= 254
    assert emails.normalise(email) == email
    assume("--" not in email.replace("xn--", ""))  # email-validator refuses these in a domain
    found = email_validator.validate_email(
        email, check_deliverability=False, test_environment=True, strict=True
    )
    assert found.ascii_email is not None
    assert found.ascii_email.lower() == email


@settings(max_examples=500)
@given(st.from_regex(r"\+[0-9]{3,17}", fullmatch=True))
def test_a_number_that_libphonenumber_finds_possible_is_plausible(number):
    try:
        possible = phonenumbers.is_possible_number_with_reason(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        assert phones.problem_of(number)
        return
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE:
        assert phones.problem_of(number) == ""


@given(st.text(alphabet=EDGE_CHARACTERS), st.integers(0, 50))
def test_any_text_can_be_made_storable(text, max_chars):
    cleaned = clean_for_storage(text, max_chars)
    assert is_storable(cleaned)
    assert len(cleaned) == min(len(text), max_chars)
    assert not is_storable(text[:max_chars]) or cleaned == text[:max_chars]


@given(texts)
def test_splitting_a_full_name_loses_only_white_space_and_a_comma(text):
    first, last = split_full_name(text)
    remaining = sorted((first + last).replace(",", ""))
    assert [c for c in remaining if not c.isspace()] == [
        c for c in sorted(text.replace(",", "").replace("，", "")) if not c.isspace()
    ]


@pytest.mark.parametrize("field", ["email", "first_name", "phone", "role", "send_invitation"])
@pytest.mark.parametrize(
    "hostile",
    [
        "a" * 2_000_000, "a." * 1_000_000, "a-" * 1_000_000 + "@", "@" * 1_000_000, "<" * 1_000_000,
        "a@" + "b-" * 1_000_000, "a@" + "b." * 1_000_000 + "1", "x" + " " * 2_000_000 + "x",
        "a " * 1_000_000, "\u200c" * 1_000_000, "\ufe0f" * 1_000_000, "ی\u200c" * 1_000_000,
        "1" * 2_000_000, "+" + "1 " * 1_000_000, "(" * 1_000_000, "\ufdfa" * 100_000,
        "-_ " * 600_000,
        "\x00" * 1_000_000, "\ud800" * 1_000_000, "ü" * 1_000_000,
    ],
    ids=lambda text: ascii(text[:6]),
)  # fmt: skip
def test_the_time_for_a_giant_cell_is_proportional_to_its_length(field, hostile):
    # with quadratic time one of these cells would take an hour
    cells = list((VALID_CELLS | {field: hostile}).values())
    problems = CHECKER.check(cells)
    assert isinstance(problems, list)
    assert [problem.field for problem in problems] == [field]
    CHECKER.email_key(cells)
    CHECKER.warnings(cells)
