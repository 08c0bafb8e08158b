"""Error values of spreadsheet programs, such as #N/A: a formula failed, and the cell has no value.

A workbook marks them as errors. As text, in the language of the program, they come from cells that
were pasted as values and from text files.
"""

from __future__ import annotations

import re
from typing import Final

# Those that end in neither ! nor ?, in Czech, Finnish, German, Hungarian, Slovak, Swedish and
# Turkish, and the English ones as other programs write them.
_WITHOUT_A_MARK: Final = frozenset(
    """#NV #ND #YOK #HIÁNYZIK #NENÍ_K_DISPOZICI #NEDOSTUPNÝ #SAKNAS #PUUTTUU #GETTING_DATA
    #LOADING... #REF #VALUE #NAME #NUM #DIV/0 #ERROR #BEZUG #WERT""".split()  # noqa: SIM905
)
# #N/A, #N/D, #N/B, #I/T, #Н/Д, #Δ/Υ
_TWO_LETTERS: Final = re.compile(r"#[^\W\d_]/[^\W\d_]")
# #REF!, #¡VALOR!, #¿NOMBRE?, #DIV/0!, #ПУСТО!, #DĚLENÍ_NULOU!: capital letters in any language.
_WITH_A_MARK: Final = re.compile(r"#[¡¿]?[^\W\d_]{1,20}(?:[/_][^\W_]{1,12})?[!?]")
_MAX_CHARS: Final = 30


def is_error_value(text: str) -> bool:
    """Whether a text is an error value, in any language in which Excel writes them."""
    if not text.startswith("#") or len(text) > _MAX_CHARS or text != text.upper():
        return False
    if text in _WITHOUT_A_MARK:
        return True
    return bool(_TWO_LETTERS.fullmatch(text) or _WITH_A_MARK.fullmatch(text))
