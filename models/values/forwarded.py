"""From where a connection comes: the peer, or what declared proxies say of it.

Owns: the reading of X-Forwarded-For. Must not: know requests or sockets, or decide who may work from there.
"""

import re
from collections.abc import Iterable
from typing import Final

from models.values.errors import InvalidValue
from models.values.ip import Address, Network, parse_address

_WITH_PORT: Final = re.compile(r"\s*(?:(\d+\.\d+\.\d+\.\d+)|\[([^\]]+)\]):\d{1,5}\s*")


def client_address(peer: str, forwarded: Iterable[str], trusted: Iterable[Network]) -> str:
    """The client's address: the peer's, unless the peer is a declared proxy.

    `forwarded`: the values of X-Forwarded-For, in order. Read from the right, each hop is believed only while the one
    that reported it is a declared proxy. A proxy that said nothing is the client itself; what it said and nobody can
    read is no address: "", which is on no list. Some proxies write the port too: it is left out.
    """
    networks = tuple(trusted)
    address = _read(peer)
    hops = [hop for value in forwarded for hop in value.split(",")]
    if not any(hop.strip() for hop in hops):
        hops = []
    for hop in reversed(hops):
        if address is None or not any(address in network for network in networks):
            break
        address = _read(hop)
    return "" if address is None else str(address)


def _read(text: str) -> Address | None:
    with_port = _WITH_PORT.fullmatch(text)
    try:
        return parse_address(text if with_port is None else with_port[1] or with_port[2])
    except InvalidValue:
        return None
