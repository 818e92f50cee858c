"""The fences that the other tests rely on hold."""

import socket
import urllib.request
from pathlib import Path

import pytest

from rag.config import home


def test_home_is_temporary_and_empty(tmp_path, isolated_home):
    assert home() == isolated_home
    assert not isolated_home.exists()
    assert not isolated_home.is_relative_to(tmp_path)
    assert not isolated_home.is_relative_to(Path.cwd())


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80)])
def test_a_connection_to_another_host_is_refused_by_name(network_attempts, address):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as client, pytest.raises(Exception, match=address[0]):
        client.connect(address)
    assert len(network_attempts) == 1 and address[0] in network_attempts[0]
    network_attempts.clear()


def test_a_name_look_up_and_an_http_client_are_refused(network_attempts):
    with pytest.raises(Exception, match=r"hub\.example"):
        socket.getaddrinfo("hub.example", 443)
    with pytest.raises(Exception, match=r"hub\.example"):
        urllib.request.urlopen("http://hub.example/model", timeout=1)
    assert len(network_attempts) == 2
    network_attempts.clear()


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port), timeout=5) as client:
            assert client.getpeername() == ("127.0.0.1", port)
