"""Columns that hold passwords are recognised by their header or by their values."""

from __future__ import annotations

import pytest

from imports.schema.passwords import holds_secrets, is_password_header


@pytest.mark.parametrize(
    "header",
    [
        *("user_pass", "userPassword", "user_pw", "Temp PW", "Initial pwd", "unicodePwd", "PIN"),
        *(
            "Passcode",
            "Wachtwoord",
            "Lösenord",
            "Adgangskode",
            "Hasło",
            "Heslo",
            "Jelszó",
            "Parolă",
        ),
        *(
            "Şifre",
            "ŞİFRE",
            "Пароль",
            "密码",
            "パスワード",
            "비밀번호",
            "Clave de acceso",
            "sha1_hash",
        ),
        *(
            "temp_pass1",
            "Passwörter",
            "API key",
            "API-Token",
            "credentials",
            "Salasana",
            "Κωδικός PIN",
        ),
    ],
)
def test_a_header_that_means_a_password(header: str) -> None:
    assert is_password_header(header)


@pytest.mark.parametrize(
    "header",
    [
        *("Passport", "Compass", "Secretary", "Department", "Shape", "Spinning", "Hashimoto"),
        *("Block credential", "Email", "Parolee", "Tokens of thanks", "first_name"),
    ],
)
def test_a_header_that_only_resembles_one(header: str) -> None:
    assert not is_password_header(header)


@pytest.mark.parametrize(
    "value",
    [
        "$2b$12$WApznUPhDubN0oeveSXHpOaOVqN9F8hyq0ygnsIyZ5Jr3ld6JgV6u",
        "$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA",
        "pbkdf2_sha256$600000$salt$aGFzaGhhc2hoYXNo",
        "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
        "$6$rounds=5000$salt$hash",
        "$P$BCh7ysIdSK7TsBCT0bXj1xyz",
    ],
)
def test_a_column_of_hashes(value: str) -> None:
    assert holds_secrets([value, "", value])
    assert holds_secrets([value, "none"])


def test_other_values_are_no_hashes() -> None:
    values = ["$200", "12345", "deadbeef", "{x}", "550e8400-e29b-41d4-a716-446655440000", "*"]
    assert not holds_secrets(values)
    assert not holds_secrets([])
