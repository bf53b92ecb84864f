"""Servers for one command, shared with others that run beside it."""

import os
import threading
import time

import psycopg
import pytest

from garagehub.services import backup, command
from garagehub.services.account import ServicesError
from garagehub.services.command import servers_for_command
from garagehub.services.folder import run_folder

pytestmark = pytest.mark.usefixtures("no_urls")


@pytest.fixture(autouse=True)
def _environment_comes_back(monkeypatch):
    """What a command fills in is taken back after the test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def forget_urls():
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)


def test_urls_that_are_given_are_used_and_nothing_is_started(checkout, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/x")
    monkeypatch.setenv("REDIS_URL_FILE", "/run/secrets/redis")

    with servers_for_command(checkout, what="test") as started:
        assert started is False
        assert os.environ["DATABASE_URL"] == "postgres://elsewhere/x"
        assert os.environ["SECRET_KEY"]
    assert not (checkout / ".garagehub" / "postgres").exists()


def test_a_command_starts_servers_and_another_beside_it_uses_them(checkout):
    with servers_for_command(checkout, what="first") as first:
        urls = os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
        forget_urls()
        with servers_for_command(checkout, what="second") as second:
            assert (first, second) == (True, False)
            assert (os.environ["DATABASE_URL"], os.environ["REDIS_URL"]) == urls
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(urls[0])


def test_the_command_that_started_the_servers_waits_for_those_that_joined(checkout):
    joined, may_end, ended = threading.Event(), threading.Event(), []

    def other() -> None:
        folder = run_folder(checkout)
        user = folder.join()
        joined.set()
        may_end.wait(20)
        ended.append(time.monotonic())
        user.release()

    thread = threading.Thread(target=other)
    with servers_for_command(checkout, what="first"):
        thread.start()
        joined.wait(20)
        threading.Timer(0.5, may_end.set).start()
    left_at = time.monotonic()
    thread.join()

    assert ended[0] < left_at


def test_a_run_with_a_database_of_its_own_asks_for_the_same_here(checkout):
    folder = run_folder(checkout)
    lock = folder.lock("make run")
    folder.record({"REDIS_URL": "redis://127.0.0.1:1/0"})

    with (
        pytest.raises(ServicesError, match=r"make run, process .* DATABASE_URL"),
        servers_for_command(checkout, what="x"),
    ):
        pass
    lock.release()


def test_a_holder_whose_servers_never_come_up_is_named(checkout, monkeypatch):
    monkeypatch.setattr(command, "PATIENCE_S", 0.2)
    lock = run_folder(checkout).lock("make run")

    with pytest.raises(ServicesError, match="make run"), servers_for_command(checkout, what="x"):
        pass
    lock.release()


def test_a_dump_comes_back_in_another_checkout(checkout):
    one, other = checkout / "one", checkout / "other"
    one.mkdir()
    other.mkdir()
    with servers_for_command(one, what="test"), psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'still here' AS word")
    forget_urls()
    backup.dump(checkout / "file", checkout=one)
    forget_urls()
    backup.restore(checkout / "file", checkout=other)
    forget_urls()

    with servers_for_command(other, what="test"), psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("still here",)
    forget_urls()
    with pytest.raises(ServicesError, match="empty one only"):
        backup.restore(checkout / "file", checkout=other)
    with pytest.raises(ServicesError, match="there already"):
        backup.dump(checkout / "file", checkout=one)
