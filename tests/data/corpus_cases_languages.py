"""Text files of other encodings and languages, and what misleads in a header; with relatives."""

from __future__ import annotations

from make import PLAIN, accepted, case, lines, mapping, numbered, refused

# --- t19, t21: what stands around an address -----------------------------------------------------

case(
    "t19-gal-parentheses-b.csv",
    "Vorname;Nachname;E-Mail\nUna;Moe;Una Moe (una@r19.example)\nKim;Ness;mailto:kim@r19.example\n",
    **accepted(
        delimiter=";",
        mapping=mapping(first_name="Vorname", last_name="Nachname", email="E-Mail"),
        errors=[[2, "email", "invalid_email"], [3, "email", "invalid_email"]],
    ),
)
case(
    "t19-gal-parentheses-c.csv",
    "名\t姓\tメール\n花子\t佐藤\t佐藤 花子 <hanako@r19.example>\n",
    **accepted(
        delimiter="\t",
        mapping=mapping(first_name="名", last_name="姓", email="メール"),
        errors=[[2, "email", "invalid_email"]],
    ),
)
case(
    "t21-junk-after-address-d.csv",
    "メール\t名\t姓\nhanako@r21.example；\t花子\t佐藤\ntaro@r21.example、\t太郎\t山田\n",
    **accepted(
        delimiter="\t",
        mapping=mapping(first_name="名", last_name="姓", email="メール"),
        warnings=["separator_removed"],
        records=numbered(
            ["hanako@r21.example", "花子", "佐藤"], ["taro@r21.example", "太郎", "山田"]
        ),
    ),
)

# --- t22: encodings ------------------------------------------------------------------------------

FRENCH = [
    *(["René", "Lefèvre", "Besançon"], ["Chloé", "Gérard", "Orléans"]),
    *(["François", "Bénard", "Béziers"], ["Zoë", "Hélène", "Nîmes"], ["Noël", "Chrétien", "Évry"]),
]
GERMAN = [
    *(
        ["Jörg", "Müller", "Köln"],
        ["Käthe", "Groß", "München"],
        ["Bärbel", "Schäfer", "Düsseldorf"],
    ),
    *(["Günther", "Weiß", "Zürich"], ["Sören", "Krüger", "Nürnberg"]),
]
JAPANESE = [
    *(["太郎", "山田", "東京"], ["花子", "佐藤", "大阪"], ["一郎", "鈴木", "京都"]),
    *(["次郎", "高橋", "札幌"], ["美咲", "田中", "福岡"]),
]
SPANISH = [["José", "Muñoz", "Logroño"], ["Íñigo", "Peña", "Cádiz"], ["Begoña", "Gómez", "León"]]
POLISH = [
    *(["Łukasz", "Wiśniewski", "Łódź"], ["Małgorzata", "Zając", "Gdańsk"]),
    *(["Żaneta", "Wójcik", "Kraków"], ["Michał", "Dąbrowski", "Poznań"]),
]
CZECH = [["Jiří", "Dvořák", "Plzeň"], ["Tomáš", "Růžička", "Děčín"], ["Žaneta", "Černá", "Třebíč"]]


def encoded(name: str, people: list[list[str]], encoding: str, by: str = ";") -> None:
    """A case of people in an encoding that the preview is to guess."""
    rows = [[f"u{number}@t22.example", *person] for number, person in enumerate(people)]
    header = ["email", "first_name", "last_name", "location"]
    case(
        f"t22-enc-{name}-{len(people)}.csv",
        lines(header, *rows, by=by, end="\r\n").encode(encoding),
        options={"guess_encoding": True},
        **accepted(
            delimiter=by,
            encoding=encoding,
            mapping=PLAIN | mapping(location="location"),
            warnings=["encoding_guessed"],
            records=numbered(*rows),
        ),
    )


encoded("chinese-gbk", [["伟", "王", "北京"]], "gb18030")
encoded("french-cp1252", FRENCH[:3], "windows-1252")
encoded("french-macroman", FRENCH, "mac-roman")
encoded("german-cp850", GERMAN[:3], "cp850")
encoded("german-macroman", GERMAN[:3], "mac-roman")
encoded("german-macroman", GERMAN, "mac-roman")
encoded("german-macroman", GERMAN * 4, "mac-roman")
encoded("japanese-shift_jis", JAPANESE, "shift_jis")
encoded("turkish-cp1254", [["İbrahim", "Yılmaz", "İstanbul"]], "windows-1254")
encoded("spanish-macroman", SPANISH, "mac-roman", by="\t")
encoded("spanish-cp850", SPANISH, "cp850", by=",")
encoded("polish-cp1250", POLISH, "windows-1250", by=",")
encoded("polish-iso8859-2", POLISH, "iso-8859-2", by="|")
encoded("czech-cp1250", CZECH, "windows-1250")
encoded("japanese-euc_jp", JAPANESE[:3], "euc-jp", by=",")

# --- t23: columns with one header ----------------------------------------------------------------

case(
    "t23-identical-headers-b.csv",
    "E-Mail;Vorname;Nachname;E-Mail\nlogin@r23.example;Una;Moe;una@r23.example\n",
    options={"mapping": {"email": "#4"}},
    **accepted(
        delimiter=";",
        mapping=mapping(email="#4", first_name="Vorname", last_name="Nachname"),
        ignored=["E-Mail"],
        warnings=["unused_column"],
    ),
)
case(
    "t23-identical-headers-c.csv",
    "Email\tPhone\tFirst name\tLast name\tPhone\nkim@r23.example\t1\tKim\tNess\t2\n",
    **refused("duplicate_column", says=['"Phone" (column 2)', '"Phone" (column 5)', '"#2"']),
)

# --- t25b: remarks in the header -----------------------------------------------------------------

case(
    "t25b-header-remarks-optional-b.csv",
    '"E-Mail [Pflichtfeld]"\t"Vorname"\t"Nachname"\t"Rolle: Admin/Analyst/Leser"\n'
    "una@r25.example\tUna\tMoe\tAdmin\n",
    **accepted(
        delimiter="\t",
        mapping=mapping(
            email="E-Mail [Pflichtfeld]",
            first_name="Vorname",
            last_name="Nachname",
            role="Rolle: Admin/Analyst/Leser",
        ),
        records=numbered(["una@r25.example", "Una", "Moe", "Admin"]),
    ),
)
case(
    "t25b-header-remarks-optional-c.csv",
    "メールアドレス【必須】|名（漢字）|姓（漢字）|権限（管理者／閲覧者）\n"
    "hanako@r25.example|花子|佐藤|管理者\n",
    **accepted(
        delimiter="|",
        mapping=mapping(
            email="メールアドレス【必須】",
            first_name="名（漢字）",
            last_name="姓（漢字）",
            role="権限（管理者／閲覧者）",
        ),
        records=numbered(["hanako@r25.example", "花子", "佐藤", "管理者"]),
    ),
)

# --- t26: job titles (the preview says so: tests/imports/engine/test_preview.py) -----------------

case(
    "t26-role-is-job-title-b.csv",
    "E-Mail;Vorname;Nachname;Rolle\nuna@r26.example;Una;Moe;Buchhalterin\n",
    **accepted(
        delimiter=";",
        mapping=mapping(email="E-Mail", first_name="Vorname", last_name="Nachname", role="Rolle"),
        errors=[[2, "role", "invalid_role"]],
    ),
)
case(
    "t26-role-is-job-title-c.csv",
    "Courriel\tPrénom\tNom\tRôle\nkim@r26.example\tKim\tNess\tJuriste\n",
    options={"mapping": {"role": ""}},
    **accepted(
        delimiter="\t",
        mapping=mapping(email="Courriel", first_name="Prénom", last_name="Nom"),
        ignored=["Rôle"],
        warnings=["unknown_column"],
        errors=[],
    ),
)

# --- t27: yes and no -----------------------------------------------------------------------------

ACCESS = ["market_edge_access", "causal_edge_access", "value_edge_access", "send_invitation"]
WITH_ACCESS = PLAIN | {name: name for name in ACCESS}


def booleans(name: str, by: str, *rows: list[str], **other: object) -> None:
    """A case of people with these values of ACCESS."""
    people = [[f"p{number}@t27.example", "Ida", "Holm", *row] for number, row in enumerate(rows)]
    case(
        f"t27-booleans{name}.csv",
        lines([*PLAIN, *ACCESS], *people, by=by),
        **accepted(**{"delimiter": by, "mapping": WITH_ACCESS, "errors": [], **other}),
    )


booleans(
    "",
    ";",
    ["WAHR", "FALSCH", "WAHR", "FALSCH"],
    ["x", "", "X", ""],
    ["1.0", "0.0", "T", "F"],
    ["ja", "nein", "✓", "-"],
    errors=[[5, "send_invitation", "invalid_boolean"]],
)
booleans("-b", "\t", ["VRAI", "FAUX", "oui", "non"], ["SANT", "FALSKT", "tak", "nie"])
booleans(
    "-c",
    "|",
    ["はい", "いいえ", "○", ""],
    ["IGAZ", "HAMIS", "да", "нет"],
    ["√", "❌", "[x]", "[ ]"],
)

# --- t28: another delimiter in the header --------------------------------------------------------

MIXED = {
    "": ("email,first_name,last_name\nida@t28.example;Ida;Holm\nper@t28.example;Per;Lund\n", ";"),
    "-b": ('"email";"first_name";"last_name"\n"ida@t28.example"\t"Ida"\t"Holm"\n', "\t"),
    "-c": ("Users\n\nemail\tfirst_name\tlast_name\nida@t28.example|Ida|Holm\nTotal: 1\n", "|"),
}
for name, (text, delimiter) in MIXED.items():
    case(f"t28-header-other-delimiter{name}.csv", text, **refused("mixed_delimiters"))
    case(
        f"t28-header-other-delimiter-named{name}.csv",
        text,
        options={"delimiter": delimiter},
        **accepted(delimiter=delimiter, header_row=3 if name == "-c" else 1),
    )

# --- t32: columns padded to one width ------------------------------------------------------------

case(
    "t32-padded-b.csv",
    "E-Mail           ;Vorname     ;Nachname   \nuna@r32.example  ;Una         ;Moe        \n",
    **accepted(
        delimiter=";",
        mapping=mapping(email="E-Mail", first_name="Vorname", last_name="Nachname"),
        errors=[],
    ),
)
case(
    "t32-padded-c.csv",
    'email           | first_name | last_name\nkim@r32.example | "Kim"      | "Ness"   \n',
    **accepted(
        delimiter="|",
        warnings=["blanks_around_quotes"],
        records=numbered(["kim@r32.example ", "Kim", "Ness"]),
    ),
)

# --- t34c: web pages that are called .xls --------------------------------------------------------

case(
    "t34c-html-comment-b.xls",
    '<?php echo 1; ?>\n<style>td {}</style>\n<TABLE border="1"><tr><td>email</td></tr></TABLE>',
    **refused("not_csv", says=["web page"]),
)
case(
    "t34c-html-comment-c.xls",
    "Benutzer\r\n<table><tr><th>E-Mail</th></tr></table>".encode("utf-16"),
    **refused("not_csv", says=["web page"]),
)
case(
    "t34c-html-comment-d.xls",
    "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n",
    **refused("not_csv", says=["web page"]),
)

# --- t52: headers of other languages -------------------------------------------------------------

case(
    "t52a-dutch.csv",
    "Voornaam;Tussenvoegsel;Achternaam;E-mailadres;Telefoonnummer;Afdeling;Wachtwoord\r\n"
    "Ida;van;Holm;ida.holm@t52.example;020 7946 0123;Verkoop;geheim1\r\n",
    **accepted(
        delimiter=";",
        mapping=mapping(
            email="E-mailadres",
            first_name="Voornaam",
            last_name="Achternaam",
            phone="Telefoonnummer",
            department="Afdeling",
        ),
        ignored=["Tussenvoegsel"],
        warnings=["password_dropped", "unknown_column"],
        records=numbered(
            ["Ida", "van", "Holm", "ida.holm@t52.example", "020 7946 0123", "Verkoop"]
        ),
    ),
)
case(
    "t52e-japanese.csv",
    "姓,名,メールアドレス,電話番号,部署\r\n山田,太郎,taro@t52.example,03-1234-5678,営業\r\n",
    **accepted(
        mapping=mapping(
            email="メールアドレス",
            first_name="名",
            last_name="姓",
            phone="電話番号",
            department="部署",
        ),
        records=numbered(["山田", "太郎", "taro@t52.example", "03-1234-5678", "営業"]),
    ),
)
case(
    "t52a-dutch-b.csv",
    "Naam,Voornaam,E-mail,Dienst status\nMoe,Una,una@r52.example,x\n",
    **accepted(
        mapping=mapping(email="E-mail", first_name="Voornaam", last_name="Naam"),
        ignored=["Dienst status"],
        warnings=["unknown_column"],
    ),
)
case(
    "t52e-chinese.csv",
    "邮箱\t名字\t姓氏\t部门\t密码\t状态\nwei@r52.example\t伟\t王\t销售\t秘密\t已停用\n",
    **accepted(
        delimiter="\t",
        mapping=mapping(email="邮箱", first_name="名字", last_name="姓氏", department="部门"),
        ignored=["状态"],
        warnings=["password_dropped", "unknown_column", "suspended"],
        records=numbered(["wei@r52.example", "伟", "王", "销售", "已停用"]),
    ),
)
case(
    "t52e-korean.csv",
    "이메일|이름|성|부서|초기 비번\nmin@r52.example|민|김|영업|secret\n",
    **accepted(
        delimiter="|",
        mapping=mapping(email="이메일", first_name="이름", last_name="성", department="부서"),
        warnings=["password_dropped"],
        records=numbered(["min@r52.example", "민", "김", "영업"]),
    ),
)

# --- t64: lists of addresses ---------------------------------------------------------------------

for name, text, code in (
    ("b", "una@r64.example\nkim@r64.example\n", "no_header"),
    ("c", "una@r64.example; kim@r64.example; ada@r64.example\n", "no_header"),
    ("d", "Una Moe <una@r64.example>\nKim Ness <kim@r64.example>\n", "no_header"),
    ("e", "Verteiler Vertrieb\nuna@r64.example\nkim@r64.example\n", "no_header"),
    ("f", "E-Mail-Adresse;\nuna@r64.example;\nkim@r64.example;\n", "missing_column"),
):
    case(f"t64-list-of-addresses-{name}.csv", text, **refused(code, says=["It is a list of"]))
