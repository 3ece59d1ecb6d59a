"""The table of *IPs click2dial* (product.md, section 7), for every place that applies the rule.

Owns: cases. Must not: know who applies them.
"""

from __future__ import annotations

from models.values.ip import IpMask, IpRules

Rows = tuple[tuple[str, str], ...]
OFFICE: Rows = (("198.51.100.0", "255.255.255.0"),)
ONE: Rows = (("198.51.100.7", "255.255.255.255"),)
SIX: Rows = (("2001:db8:1::", "48"),)

# What it is about, the list's rows, where somebody is, whether they may work there.
CASES: tuple[tuple[str, Rows, str, bool], ...] = (
    ("no rows: every IP", (), "203.0.113.9", True),
    ("no rows: IPv6 too", (), "2001:db8::9", True),
    ("one address: it", ONE, "198.51.100.7", True),
    ("one address: its neighbour", ONE, "198.51.100.8", False),
    ("an empty mask is one address", (("198.51.100.7", ""),), "198.51.100.8", False),
    ("a range: its first", OFFICE, "198.51.100.0", True),
    ("a range: its last", OFFICE, "198.51.100.255", True),
    ("a range: one beyond", OFFICE, "198.51.101.0", False),
    ("host bits are cut off", (("198.51.100.77", "255.255.255.0"),), "198.51.100.1", True),
    ("a range of eight", (("198.51.100.8", "255.255.255.248"),), "198.51.100.15", True),
    ("a range of eight: beyond", (("198.51.100.8", "255.255.255.248"),), "198.51.100.16", False),
    ("mask 0.0.0.0: everybody", (("0.0.0.0", "0.0.0.0"),), "203.0.113.9", True),
    ("mask 0.0.0.0: of IPv6 too", (("10.0.0.0", "0.0.0.0"),), "2001:db8::9", True),
    ("mask 0.0.0.0 beside others", (*ONE, ("0.0.0.0", "0.0.0.0")), "203.0.113.9", True),
    ("::/0: everybody, of IPv4 too", (("::", "0"),), "203.0.113.9", True),
    ("0.0.0.0 as one address is nobody's", (("0.0.0.0", "255.255.255.255"),), "203.0.113.9", False),
    ("the second row", (*ONE, ("203.0.113.0", "24")), "203.0.113.9", True),
    ("IPv6: its network", SIX, "2001:db8:1:ffff::1", True),
    ("IPv6: another", SIX, "2001:db8:2::1", False),
    ("IPv6: written otherwise", SIX, "2001:0DB8:0001:0:0:0:0:9", True),
    ("IPv4 list, IPv6 client", OFFICE, "2001:db8::198.51.100.7", False),
    ("mapped client, IPv4 list", OFFICE, "::ffff:198.51.100.7", True),
    ("mapped client, of another network", OFFICE, "::ffff:203.0.113.9", False),
    ("mapped row, IPv4 client", (("::ffff:198.51.100.0", "120"),), "198.51.100.7", True),
    ("mapped row, beyond", (("::ffff:198.51.100.0", "120"),), "198.51.101.7", False),
    ("no address at all", OFFICE, "", False),
    ("no address", OFFICE, "unknown", False),
    ("an address and something", OFFICE, "198.51.100.7/24", False),
    ("octal is no address", OFFICE, "0306.063.0144.07", False),
    ("a number is no address", OFFICE, "3325256711", False),
)  # fmt: skip
NAMES = [case[0] for case in CASES]
# Those of a peer that a socket can have.
REAL = [case for case in CASES if case[2] and not set(case[2]) & set("/ukw") and "no address" not in case[0]]

PROXIES = "10.0.0.0/8, 2001:db8:f::/48"
# What it is about, the peer, its X-Forwarded-For, who it is; the declared proxies are PROXIES.
FORWARDED: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("no proxy", "203.0.113.9", (), "203.0.113.9"),
    ("forged without a proxy", "203.0.113.9", ("198.51.100.7",), "203.0.113.9"),
    ("forged, as if a declared proxy stood between", "203.0.113.9", ("198.51.100.7, 10.0.0.3",), "203.0.113.9"),
    ("a declared proxy", "10.0.0.2", ("198.51.100.7",), "198.51.100.7"),
    ("forged before a declared proxy", "10.0.0.2", ("198.51.100.7, 203.0.113.9",), "203.0.113.9"),
    ("forged in a header of its own", "10.0.0.2", ("198.51.100.7", "203.0.113.9"), "203.0.113.9"),
    ("two declared proxies", "10.0.0.2", ("198.51.100.7, 10.0.0.3",), "198.51.100.7"),
    ("forged before two", "10.0.0.2", ("198.51.100.7, 203.0.113.9, 10.0.0.3",), "203.0.113.9"),
    ("nothing but proxies", "10.0.0.2", ("10.0.0.4, 10.0.0.3",), "10.0.0.4"),
    ("a proxy over IPv6", "2001:db8:f::1", ("198.51.100.7",), "198.51.100.7"),
    ("a mapped proxy", "::ffff:10.0.0.2", ("198.51.100.7",), "198.51.100.7"),
    ("a mapped client", "10.0.0.2", ("::ffff:198.51.100.7",), "198.51.100.7"),
    ("with a port", "10.0.0.2", ("198.51.100.7:40312",), "198.51.100.7"),
    ("in brackets, with a port", "10.0.0.2", ("[2001:db8::7]:443",), "2001:db8::7"),
    ("in brackets", "10.0.0.2", ("[2001:db8::7]",), "2001:db8::7"),
    ("the proxy itself", "10.0.0.2", (), "10.0.0.2"),
    ("an empty header", "10.0.0.2", ("",), "10.0.0.2"),
    ("a proxy that hides who asks", "10.0.0.2", ("unknown",), ""),
    ("garbage behind an address", "10.0.0.2", ("198.51.100.7, garbage",), ""),
    ("an empty hop", "10.0.0.2", ("198.51.100.7,",), ""),
    ("no peer", "", ("198.51.100.7",), ""),
)
FORWARDED_NAMES = [case[0] for case in FORWARDED]
# Masks that are refused, and why.
REFUSED = (
    ("255.0.255.0", "ip_mask_holes"), ("255.255.255.253", "ip_mask_holes"), ("0.0.0.255", "ip_mask_holes"),
    ("0.255.255.255", "ip_mask_holes"), ("254.255.255.0", "ip_mask_holes"), ("33", "ip_mask_family"),
    ("256.0.0.0", "ip_mask_invalid"), ("ffff::", "ip_mask_family"), ("-1", "ip_mask_invalid"), ("x", "ip_mask_invalid"),
)  # fmt: skip


def rules(rows: Rows) -> IpRules:
    return IpRules(tuple(IpMask.parse(address, mask) for address, mask in rows))
