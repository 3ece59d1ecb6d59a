"""IP addresses and masks: from where an agent may work.

Owns: parsing, normalising, the question `allows`. Must not: know sessions, sockets or proxies.
"""

import ipaddress
from dataclasses import dataclass
from typing import Final

from models.values.errors import InvalidValue

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_EVERYBODY: Final = ("0.0.0.0/0", "::/0")


def parse_address(text: str) -> Address:
    """An address, brackets and zone taken off, IPv4-mapped IPv6 (RFC 4291 2.5.5.2) unwrapped.

    Raises InvalidValue(ip_address_invalid).
    """
    bare = text.strip().removeprefix("[").removesuffix("]").split("%", 1)[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        raise InvalidValue("ip_address_invalid", value=text) from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _prefix_length(mask: str, address: Address) -> int:
    width = address.max_prefixlen
    text = mask.strip().removeprefix("/")
    if text.isascii() and text.isdigit():
        if int(text) > width:
            raise InvalidValue("ip_mask_family", value=mask, address=str(address))
        return int(text)
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        raise InvalidValue("ip_mask_invalid", value=mask) from None
    if parsed.version != address.version:
        raise InvalidValue("ip_mask_family", value=mask, address=str(address))
    ones = int(parsed)
    zeros = ones ^ ((1 << width) - 1)
    # All ones before all zeros <=> the zeros' part is 2**n - 1.
    if zeros & (zeros + 1):
        raise InvalidValue("ip_mask_holes", value=mask)
    return width - zeros.bit_length()


@dataclass(frozen=True, slots=True)
class IpMask:
    """A network. `IpMask.parse` takes what an administrator types."""

    network: Network

    @classmethod
    def parse(cls, address: str, mask: str = "") -> "IpMask":
        """`address` with `mask`: dotted, IPv6, or a prefix length; an empty mask is a single address.

        Host bits are cut off. Raises InvalidValue(ip_*).
        """
        text = address.strip()
        if "/" in text and not mask.strip():
            text, mask = text.split("/", 1)
            if not mask.strip():
                raise InvalidValue("ip_mask_invalid", value=address)
        bare = text.strip().removeprefix("[").removesuffix("]").split("%", 1)[0]
        try:
            typed = ipaddress.ip_address(bare)
        except ValueError:
            raise InvalidValue("ip_address_invalid", value=address) from None
        if isinstance(typed, ipaddress.IPv6Address) and typed in _MAPPED:
            return cls._mapped(parse_address(bare), mask)
        length = _prefix_length(mask, typed) if mask.strip() else typed.max_prefixlen
        return cls(ipaddress.ip_network((typed, length), strict=False))

    @classmethod
    def _mapped(cls, address: Address, mask: str) -> "IpMask":
        """::ffff:10.0.0.1 is 10.0.0.1, with an IPv4 mask or with an IPv6 prefix that reaches into it."""
        text = mask.strip().removeprefix("/")
        if text.isascii() and text.isdigit() and _MAPPED.prefixlen <= int(text) <= 128:
            text = str(int(text) - _MAPPED.prefixlen)
        length = _prefix_length(text, address) if text else address.max_prefixlen
        return cls(ipaddress.ip_network((address, length), strict=False))

    @property
    def address(self) -> str:
        return str(self.network.network_address)

    @property
    def mask(self) -> str:
        """Dotted for IPv4, the prefix length for IPv6."""
        return str(self.network.netmask) if self.network.version == 4 else str(self.network.prefixlen)

    @property
    def is_everybody(self) -> bool:
        """Mask 0.0.0.0: everybody, of the other IP version too."""
        return self.network.prefixlen == 0

    def allows(self, address: Address) -> bool:
        return self.is_everybody or address in self.network

    def __str__(self) -> str:
        return str(self.network)


@dataclass(frozen=True, slots=True)
class IpRules:
    """The account's list. No rows = every IP may."""

    masks: tuple[IpMask, ...] = ()

    @property
    def is_open(self) -> bool:
        return not self.masks or any(mask.is_everybody for mask in self.masks)

    def allows(self, address: str | Address | None) -> bool:
        """May someone at `address` work? What cannot be read as an address may not, unless everybody may."""
        if self.is_open:
            return True
        if address is None:
            return False
        try:
            parsed = parse_address(str(address))
        except InvalidValue:
            return False
        return any(mask.allows(parsed) for mask in self.masks)

    def for_asterisk(self) -> tuple[str, ...]:
        """Networks for `permit=` after `deny=0.0.0.0/0` and `deny=::/0`; everybody gives both all-networks."""
        if self.is_open:
            return _EVERYBODY
        return tuple(sorted({str(mask) for mask in self.masks}))
