"""What the environment may say, and what stops the start."""

import pytest

from garagehub.env import BadSettingError, env_bool, env_int, env_list, env_mail, env_secret, env_str


@pytest.mark.parametrize("raw", ["1", "true", "True", "YES"])
def test_yes_in_its_usual_spellings_is_true(monkeypatch, raw):
    monkeypatch.setenv("SWITCH", raw)

    assert env_bool("SWITCH", default=False) is True


@pytest.mark.parametrize("raw", ["0", "false", "No"])
def test_no_in_its_usual_spellings_is_false(monkeypatch, raw):
    monkeypatch.setenv("SWITCH", raw)

    assert env_bool("SWITCH", default=True) is False


def test_an_unset_or_empty_switch_keeps_its_default(monkeypatch):
    monkeypatch.delenv("SWITCH", raising=False)
    assert env_bool("SWITCH", default=True) is True
    monkeypatch.setenv("SWITCH", "")
    assert env_bool("SWITCH", default=True) is True


@pytest.mark.parametrize("raw", ["ja", "2", " "])
def test_a_switch_that_is_neither_yes_nor_no_is_refused_by_name(monkeypatch, raw):
    monkeypatch.setenv("SWITCH", raw)

    with pytest.raises(BadSettingError, match="SWITCH"):
        env_bool("SWITCH", default=False)


def test_a_whole_number_is_read(monkeypatch):
    monkeypatch.setenv("COUNT", "12")

    assert env_int("COUNT", default=3) == 12


@pytest.mark.parametrize("raw", ["1.5", "many", "0x10"])
def test_anything_but_a_whole_number_is_refused_by_name(monkeypatch, raw):
    monkeypatch.setenv("COUNT", raw)

    with pytest.raises(BadSettingError, match="COUNT"):
        env_int("COUNT", default=3)


def test_a_number_below_the_least_is_refused(monkeypatch):
    monkeypatch.setenv("COUNT", "0")

    with pytest.raises(BadSettingError, match="the least is 1"):
        env_int("COUNT", default=3, minimum=1)


def test_a_list_is_split_at_commas_and_trimmed(monkeypatch):
    monkeypatch.setenv("NAMES", " a.example, b.example,, ")

    assert env_list("NAMES", default=["x"]) == ["a.example", "b.example"]


def test_an_unset_list_keeps_its_default_and_an_empty_one_is_empty(monkeypatch):
    monkeypatch.delenv("NAMES", raising=False)
    assert env_list("NAMES", default=["x"]) == ["x"]
    monkeypatch.setenv("NAMES", "")
    assert env_list("NAMES", default=["x"]) == []


def test_a_secret_has_no_default(monkeypatch):
    monkeypatch.delenv("TOKEN", raising=False)
    monkeypatch.delenv("TOKEN_FILE", raising=False)

    with pytest.raises(BadSettingError, match="TOKEN_FILE"):
        env_secret("TOKEN")


def test_a_secret_may_lie_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("hush\n")
    monkeypatch.setenv("TOKEN_FILE", str(tmp_path / "token"))

    assert env_secret("TOKEN") == "hush"


def test_an_unset_text_is_its_default(monkeypatch):
    monkeypatch.delenv("WORDS", raising=False)

    assert env_str("WORDS", "quiet") == "quiet"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", ("mail.example", 25, "", "", False, False)),
        ("smtp+tls://ada:p%40ss@mail.example", ("mail.example", 587, "ada", "p@ss", True, False)),
        ("smtps://mail.example", ("mail.example", 465, "", "", False, True)),
        ("smtp://[::1]:2525", ("::1", 2525, "", "", False, False)),
        ("", ("", 25, "", "", False, False)),
    ],
)
def test_a_mail_server_is_read_from_its_address(monkeypatch, url, server):
    monkeypatch.setenv("MAIL", url)
    assert env_mail("MAIL") == server


@pytest.mark.parametrize(
    "url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:x", "smtp://a:secret@"]
)
def test_what_is_no_mail_server_is_refused_without_repeating_its_password(monkeypatch, url):
    monkeypatch.setenv("MAIL", url)
    with pytest.raises(BadSettingError, match="MAIL is not a mail server") as refused:
        env_mail("MAIL")
    assert "secret" not in str(refused.value)


def test_a_mail_server_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "mail").write_text("smtps://mail.example\n")
    monkeypatch.setenv("MAIL_FILE", str(tmp_path / "mail"))
    assert env_mail("MAIL").host == "mail.example"
