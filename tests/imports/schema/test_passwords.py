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
        *("초기 비번", "패스워드", "パスコード", "初期ＰＷ", "初期PW", "密钥", "ססמה", "رمز عبور"),
        *("كلمه المرور", "Лозинка", "Парола", "ПИН-код", "गोपनीय पासवर्ड", "Zugangscode"),
        *("userpass", "temppw", "nthash", "pwhash", "apitoken", "P.I.N.", "P/W", "P@ssword"),
        *("Pincode", "Passwrod", "ssh key", "Security answer", "Kode", "Κωδικός", "Salasõna"),
    ],
)
def test_a_header_that_means_a_password(header: str) -> None:
    assert is_password_header(header)


@pytest.mark.parametrize(
    "header",
    [
        *("Passport", "Compass", "Secretary", "Department", "Shape", "Spinning", "Hashimoto"),
        *("Block credential", "Email", "Parolee", "Tokens of thanks", "first_name", "Bypass"),
        *("Postkode", "Cost centre kode", "ΚΩΔΙΚΟΣ ΤΜΗΜΑΤΟΣ", "Keyboard", "Key account", "Spin"),
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
        "'$2y$10$WApznUPhDubN0oeveSXHpOaOVqN9F8hyq0ygnsIyZ5Jr3ld6JgV6u",
        '="5F4DCC3B5AA765D61D8327DEB882CF99"',
        "bcrypt$$2b$12$WApznUPhDubN0oeveSXHpO",
        "scrypt:32768:8:1$salt$0a0b0c0d0e",
        "SCRAM-SHA-256$4096:c2FsdA==$aGFzaA==:aGFzaA==",
        "$wp$2y$10$WApznUPhDubN0oeveSXHpO",
        "md5a3556571e93b0d20722ba62be61e8c2d",
        "aad3b435b51404eeaad3b435b51404ee:8846f7eaee8fb117ad06bdd830b7586c",
        "XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
        "sk_live_" + "x" * 24,
        "-----BEGIN PRIVATE KEY-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",
    ],
)
def test_a_column_of_hashes(value: str) -> None:
    assert holds_secrets([value, "", value])
    assert holds_secrets([value, "none"])


def test_other_values_are_no_hashes() -> None:
    values = ["$200", "12345", "deadbeef", "{x}", "550e8400-e29b-41d4-a716-446655440000", "*"]
    values += ["E12345", "https://example.com/" + "a1B" * 20, "CN=Ida,OU=Sales,DC=example", "0x1F"]
    values += ["DE89370400440532013000", "S-1-5-21-3623811015-3361044348-30300820-1013", "#a1b2c3"]
    assert not holds_secrets(values)
    assert not holds_secrets([])
