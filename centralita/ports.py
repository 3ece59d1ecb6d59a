"""Are the ports free that the programs are going to open?

Owns: trying each before the start, so that the message names the setting. Must not: keep one open.
"""

import errno
import socket
from dataclasses import dataclass

from models.settings import Settings, environment_name

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Wanted:
    """A port that a program will listen on. `setting` is the name to change."""

    setting: str
    address: str
    port: int
    kind: socket.SocketKind

    @property
    def protocol(self) -> str:
        return "UDP" if self.kind == socket.SOCK_DGRAM else "TCP"


@dataclass(frozen=True)
class Taken:
    wanted: Wanted
    reason: str
    """`taken`, `address` (not an address of this machine), `forbidden` (needs privilege), or the system's words."""


def wanted_ports(settings: Settings) -> list[Wanted]:
    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    return [
        Wanted(environment_name("web_port"), settings.host, settings.web_port, stream),
        Wanted(environment_name("desk_port"), settings.host, settings.desk_port, stream),
        Wanted(environment_name("control_port"), LOOPBACK, settings.control_port, stream),
        Wanted(environment_name("agi_port"), LOOPBACK, settings.agi_port, stream),
        Wanted(environment_name("ari_port"), LOOPBACK, settings.ari_port, stream),
        Wanted(environment_name("sip_port"), settings.sip_address, settings.sip_port, datagram),
        Wanted(environment_name("sip_port"), settings.sip_address, settings.sip_port, stream),
    ]


def taken(wanted: Wanted) -> Taken | None:
    """Tries it as a server would: connections that still linger from before (TIME_WAIT) don't count."""
    family = socket.AF_INET6 if ":" in wanted.address else socket.AF_INET
    with socket.socket(family, wanted.kind) as trial:
        if wanted.kind == socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((wanted.address, wanted.port))
            if wanted.kind == socket.SOCK_STREAM:
                trial.listen(1)
        except OSError as error:
            reasons = {errno.EADDRINUSE: "taken", errno.EADDRNOTAVAIL: "address", errno.EACCES: "forbidden"}
            return Taken(wanted, reasons.get(error.errno or 0, str(error)))
    return None


def all_taken(settings: Settings) -> list[Taken]:
    return [found for wanted in wanted_ports(settings) if (found := taken(wanted))]
