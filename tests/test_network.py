"""The guard that keeps every test on this machine."""

import socket
import threading

import httpx
import pytest

from tests.network import NetworkBlockedError

ELSEWHERE = "192.0.2.1"  # RFC 5737: an address nobody has


def test_no_connection_leaves_this_machine():
    with pytest.raises(NetworkBlockedError):
        socket.create_connection((ELSEWHERE, 80), timeout=0.1)


def test_a_http_client_in_this_process_is_stopped():
    with pytest.raises(NetworkBlockedError):
        httpx.get(f"http://{ELSEWHERE}/", timeout=0.1)


def test_a_connection_that_reports_codes_is_stopped():
    with socket.socket() as out, pytest.raises(NetworkBlockedError):
        out.connect_ex((ELSEWHERE, 80))


def test_no_datagram_leaves_this_machine():
    with socket.socket(type=socket.SOCK_DGRAM) as out, pytest.raises(NetworkBlockedError):
        out.sendto(b"x", (ELSEWHERE, 53))


def test_no_name_is_looked_up():
    with pytest.raises(NetworkBlockedError):
        socket.getaddrinfo("www.gov.uk", 443)


def test_a_name_nobody_can_own_fails_as_it_would_anywhere():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("feeds.invalid", 443)


def test_a_thread_is_stopped_too():
    caught = []

    def reach_out():
        try:
            socket.create_connection((ELSEWHERE, 80), timeout=0.1)
        except NetworkBlockedError as error:
            caught.append(error)

    thread = threading.Thread(target=reach_out)
    thread.start()
    thread.join()

    assert len(caught) == 1


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=1).close()
