"""All spellings of a mailbox have one canonical form. Other texts are refused with the reason."""

from __future__ import annotations

import pytest

from core import emails
from tests.imports.validation.helpers import CHECKER, problem, stored


@pytest.mark.parametrize(
    ("spellings", "email"),
    [
        (["ada@example.com", "ADA@Example.COM", "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
          "ada@example。com"],
         "ada@example.com"),
        (["zoe@müller.example", "Zoe@MÜLLER.example", "zoe@mu\u0308ller.example",
          "zoe@xn--mller-kva.example", "zoe@XN--MLLER-KVA.Example"], "zoe@xn--mller-kva.example"),
        (["ivan@пример.example", "ivan@ПРИМЕР.example"], "ivan@xn--e1afmkfd.example"),
        (["yuki@例え.test", "yuki@例え。test", "yuki@xn--r8jz45g.test"], "yuki@xn--r8jz45g.test"),
        (["a.b+c_d-e'f@sub.example.co"], "a.b+c_d-e'f@sub.example.co"),
        (["!#$%&*/=?^`{|}~@example.com"], "!#$%&*/=?^`{|}~@example.com"),
        (["x" * 64 + "@example.com"], "x" * 64 + "@example.com"),
        (["a@" + "b" * 63 + ".com"], "a@" + "b" * 63 + ".com"),
        (["a@1.2.example", "A@1.2.example"], "a@1.2.example"),
    ],
)  # fmt: skip
def test_all_spellings_of_a_mailbox_are_stored_alike_and_have_one_key(spellings, email):
    assert {stored("email", spelling) for spelling in spellings} == {email}
    assert {CHECKER.email_key([f" {one} ", *[""] * 10]) for one in spellings} == {email}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("ada.example.com", "no @"),
        ("@", "there is nothing before"),
        ("@example.com", "there is nothing before"),
        ("ada@", "there is nothing after"),
        ("ada@b@example.com", "more than one @"),
        ("a@example.com, b@example.com", "several addresses"),
        ("a@example.com;b@example.com", "several addresses"),
        ("Ada <ada@example.com>", "bare address"),
        ("mailto:ada@example.com", "bare address"),
        ("ada@example,com", "a dot may be meant"),
        ("ada lovelace@example.com", "a space"),
        ("ada@exam ple.com", "a space"),
        (".ada@example.com", "dot may not be first"),
        ("ada.@example.com", "dot may not be first"),
        ("a..b@example.com", "dot may not be first"),
        ("ada@.example.com", "dot may not be first"),
        ("ada@example..com", "dot may not be first"),
        ("ada@example.com.", "dot may not be first"),
        ("ada@localhost", "no dot"),
        ("ada@192.0.2.7", "can't end in .7"),
        ("ada@[192.0.2.7]", "only letters, digits"),
        ("ada@example.c", "can't end in .c"),
        ("ada@-example.com", "only letters, digits"),
        ("ada@example-.com", "only letters, digits"),
        ("ada@exa_mple.com", "only letters, digits"),
        ("ada@xn--99zzz999.example", "not a valid international name"),
        ("ada@xn--example-.com", "only letters, digits"),
        ("ada@☃☃-.example", "can be registered"),
        ('"ada"@example.com', "is not allowed before the @"),
        ("ada(work)@example.com", "is not allowed before the @"),
        ("аda@example.com", "U+0430, cyrillic small letter a"),
        ("ada@example.com\r\nBcc: x@example.com", "a line break (U+000D)"),
        ("ada@exam\u200bple.com", "a zero-width space (U+200B)"),
        ("ada\u202e@example.com", "U+202E"),
        ("ada@example.com\ufeff", "a byte-order mark"),
        ("ad\u00ada@example.com", "a soft hyphen"),
        ("ad\u200da@example.com", "U+200D"),
        ("ada@exa\ufe0fmple.com", "U+FE0F"),
        ("ada\x00@example.com", "U+0000"),
        ("ada\ud800@example.com", "U+D800"),
        ("x" * 65 + "@example.com", "65 characters before the @"),
        ("ada@" + "x" * 64 + ".com", "64 characters"),
        ("ada@" + "sub-domain." * 23 + "example.com", "268 characters; at most 254"),
        ("a" * 10_000, "10000 characters"),
    ],
)
def test_a_text_that_is_not_an_email_address_is_refused_with_the_reason(text, hint):
    found = problem("email", text)
    assert found.code == "invalid_email"
    assert hint in found.message
    assert CHECKER.email_key([text, *[""] * 10]) == ""


def test_a_cyrillic_domain_differs_from_the_latin_domain_that_it_looks_like():
    assert stored("email", "ada@\u0430pple.example") == "ada@xn--pple-43d.example"


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Holm, Ida (ida.holm@firm.example)", "ida.holm@firm.example"),
        ("Brix, Eva <eva.brix@firm.example>", "eva.brix@firm.example"),
        ("mailto:ole@firm.example", "ole@firm.example"),
        ("SMTP:Kim.Ness@firm.example", "Kim.Ness@firm.example"),
        ("ada@firm.example*", "ada@firm.example"),
        ("ada@firm.example.", "ada@firm.example"),
        ("kim@firm.example (work)", "kim@firm.example"),
        ("[Per](per@firm.example)", "per@firm.example"),
    ],
)
def test_the_address_in_a_cell_that_holds_more_is_found(text: str, email: str) -> None:
    assert emails.find_in(text) == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ida Holm",
        "a@firm.example, b@firm.example",
        "ann\u2011lee@firm.example",  # a hyphen that is not ASCII: the address is not lee@…
        "bo@firm.co\u2011op.example",
        "una.moe @firm.example",
        "@" * 100_000,
        "a." * 100_000,
    ],
)
def test_an_address_that_would_be_another_is_not_found(text: str) -> None:
    assert emails.find_in(text) is None
