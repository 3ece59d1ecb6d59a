"""A port that is taken is named with its setting before anything starts."""

import socket
from collections.abc import Callable

import pytest

from centralita import ports, preparation
from centralita.messages import Words
from centralita.preparation import CannotStart
from models.settings import Settings


def test_free_ports_are_no_problem(settings: Settings) -> None:
    assert ports.all_taken(settings) == []


@pytest.mark.parametrize("name", ["web_port", "desk_port", "control_port", "agi_port", "ari_port"])
def test_a_taken_tcp_port_names_its_setting(settings: Settings, name: str) -> None:
    with socket.create_server(("127.0.0.1", getattr(settings, name))), pytest.raises(CannotStart) as caught:
        preparation.check_ports(settings, Words("en"))
    assert str(caught.value) == (
        f"TCP port {getattr(settings, name)} on 127.0.0.1 is taken by another program. "
        f"Free it or change CENTRALITA_{name.upper()}."
    )


def test_a_taken_sip_port_over_udp(settings: Settings) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", settings.sip_port))
        with pytest.raises(CannotStart, match=r"^El puerto UDP .* cambie CENTRALITA_SIP_PORT\.$"):
            preparation.check_ports(settings, Words("es"))


def test_every_taken_port_is_told_at_once(settings: Settings) -> None:
    with (
        socket.create_server(("127.0.0.1", settings.web_port)),
        socket.create_server(("127.0.0.1", settings.desk_port)),
        pytest.raises(CannotStart) as caught,
    ):
        preparation.check_ports(settings, Words("en"))
    assert len(str(caught.value).splitlines()) == 2


def test_an_address_that_is_not_ours(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(host="192.0.2.77")
    with pytest.raises(CannotStart, match=r"192\.0\.2\.77 is not an address of this machine \(CENTRALITA_WEB_PORT"):
        preparation.check_ports(settings, Words("en"))


def test_a_connection_that_lingers_does_not_count(settings: Settings) -> None:
    """TIME_WAIT on our own port, as after a restart."""
    with socket.create_server(("127.0.0.1", settings.web_port)) as server:
        client = socket.create_connection(("127.0.0.1", settings.web_port))
        accepted, _ = server.accept()
        accepted.close()  # the server's end closes first: TIME_WAIT is on its port
        assert client.recv(1) == b""
        client.close()
    assert ports.all_taken(settings) == []
