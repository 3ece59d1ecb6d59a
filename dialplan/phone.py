"""What an agent's phone is to PJSIP: the three objects pushed over ARI.

Owns: the fields of a phone's `auth`, `aor` and `endpoint`. Must not: speak ARI or know where agents are stored.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dialplan import names

CONFIG_CLASS: Final = "res_pjsip"
"""`PUT /ari/asterisk/config/dynamic/res_pjsip/<type>/<id>` with `{"fields": [...]}`."""

BROWSER_SILENCE_SECONDS: Final = 10

ENDPOINT_PATTERN: Final = re.compile(r"[0-9][0-9A-Za-z_]{0,39}|[A-Za-z][0-9A-Za-z_]{1,39}")


@dataclass(frozen=True)
class PhoneObject:
    """One object to push. Order matters: an endpoint refers to its auth and aor."""

    object_type: str
    object_id: str
    fields: tuple[tuple[str, str], ...]

    @property
    def uri(self) -> str:
        """Its ARI address below `/ari`."""
        return f"asterisk/config/dynamic/{CONFIG_CLASS}/{self.object_type}/{self.object_id}"

    @property
    def body(self) -> dict[str, list[dict[str, str]]]:
        """The body of the PUT."""
        return {"fields": [{"attribute": name, "value": value} for name, value in self.fields]}


def ha1(endpoint: str, secret: str) -> str:
    """MD5(endpoint:realm:secret) in hexadecimal, the only form of a phone's secret that is kept (RFC 2617, 3.2.2.2)."""
    return hashlib.md5(f"{endpoint}:{names.SIP_REALM}:{secret}".encode(), usedforsecurity=False).hexdigest()


def phone_objects(
    endpoint: str,
    *,
    digest_ha1: str,
    display_name: str = "",
    allowed_networks: Sequence[str] = (),
    media_address: str | None = None,
    qualify_seconds: int = 30,
    rtp_timeout_seconds: int = 60,
    refer: bool = False,
    browser: bool = False,
    opus: bool = False,
) -> list[PhoneObject]:
    """The objects of one phone; `push_requests` and `removal_requests` say how they get to the switch.

    `allowed_networks` are `address/prefix` or `address/mask`; empty means every address may (the rule of *IPs
    click2dial*). A phone in the `browser` comes through the engine's relay alone, which has looked at its address;
    `opus` only where the switch can turn it into what the others speak. Raises ValueError for an endpoint or a digest
    that PJSIP would not take.
    """
    if not ENDPOINT_PATTERN.fullmatch(endpoint):
        raise ValueError(f"not an endpoint number: {endpoint!r}")
    if not re.fullmatch(r"[0-9a-f]{32}", digest_ha1):
        raise ValueError("not an MD5 digest")
    name = re.sub(r'[\x00-\x1f\x7f"\\<>]', " ", display_name).strip()
    fields = [
        ("context", names.CONTEXT_AGENT),
        # A MESSAGE would run the dialplan of what is dialled; and nobody of ours may forge a customer's.
        ("message_context", names.CONTEXT_NO_MESSAGES),
        ("auth", endpoint),
        ("aors", endpoint),
        ("identify_by", "username"),
        ("allow", "!all,ulaw,alaw,g722"),
        ("language", "es"),
        ("callerid", f'"{name}" <{endpoint}>'),
        ("direct_media", "no"),
        ("rtp_symmetric", "yes"),
        ("force_rport", "yes"),
        ("rewrite_contact", "yes"),
        ("dtmf_mode", "auto"),
        ("send_pai", "yes"),
        # No re-INVITE at each bridging only to repeat the caller's name.
        ("send_connected_line", "no"),
        ("allow_subscribe", "no"),
        # A REFER is refused (603), or told to the engine, which transfers as the desk does. Asterisk connects nobody.
        ("set_var", "PJSIP_TRANSFER_HANDLING()=ari-only") if refer else ("allow_transfer", "no"),
        ("timers", "yes"),
        ("timers_sess_expires", "600"),
        ("rtp_timeout", str(rtp_timeout_seconds)),
        ("rtp_timeout_hold", str(rtp_timeout_seconds * 5)),
    ]
    if browser:
        fields = _in_the_browser(fields, opus)
        allowed_networks = (f"{names.RELAY_ADDRESS}/32",)
    if media_address:
        fields += [("media_address", media_address), ("bind_rtp_to_media_address", "yes")]
    if allowed_networks:
        # The source address of every request. Not contact_permit: a phone behind NAT gives a private Contact, which
        # rewrite_contact replaces by the source address anyway.
        fields += [("deny", "0.0.0.0/0,::/0"), ("permit", ",".join(allowed_networks))]
    return [
        PhoneObject(
            "auth",
            endpoint,
            (
                ("auth_type", "digest"),
                ("username", endpoint),
                ("realm", names.SIP_REALM),
                ("password_digest", f"MD5:{digest_ha1}"),
            ),
        ),
        PhoneObject(
            "aor",
            endpoint,
            (
                ("max_contacts", "1"),
                ("remove_existing", "yes"),
                ("minimum_expiration", "30"),
                ("default_expiration", "300"),
                ("maximum_expiration", "3600"),
                ("qualify_frequency", str(qualify_seconds)),
                ("support_path", "yes"),
            ),
        ),
        PhoneObject("endpoint", endpoint, tuple(fields)),
    ]


def _in_the_browser(fields: list[tuple[str, str]], opus: bool) -> list[tuple[str, str]]:
    """`webrtc=yes` stands for AVPF, DTLS-SRTP with a certificate of its own making, ICE, rtcp-mux and bundling."""
    changed = {
        "context": names.CONTEXT_BROWSER_PHONE,
        "allow": "!all,opus,g722,ulaw,alaw" if opus else "!all,ulaw,alaw,g722",
        "dtmf_mode": "rfc4733",
        # A page sends all the time, muted or not. Silence is a page that has gone (a crash, a computer that died): the
        # other side hears music from then on, and the phone is rung again when it is back.
        "rtp_timeout": str(BROWSER_SILENCE_SECONDS),
    }
    return [(name, changed.get(name, value)) for name, value in fields] + [
        ("webrtc", "yes"),
        # Its own codecs first: an agent far away is better heard with opus, though the switch must translate.
        ("outgoing_call_offer_pref", "local_merge"),
    ]


@dataclass(frozen=True)
class ConfigRequest:
    """One ARI request below `/ari`. `only_if_absent`: ask with GET first, and send it only when that says 404.

    A 404 to a DELETE is no failure.
    """

    method: str
    uri: str
    body: dict[str, list[dict[str, str]]] | None = None
    only_if_absent: bool = False


def push_requests(objects: Sequence[PhoneObject]) -> list[ConfigRequest]:
    """The requests that put a phone's objects in place, in order. Registration and calls of the phone survive them.

    Nothing is updated by a second PUT: Asterisk 22.10 then works on a copy of the old object in which the allowed
    networks have become an unknown named list (so all are refused) and the registered contact a permanent one. So
    endpoint and auth are deleted first; the aor, whose deletion would unregister the phone, is put only when it is not
    there (tests/asterisk/test_phones.py).
    """
    requests = [ConfigRequest("DELETE", item.uri) for item in reversed(objects) if item.object_type != "aor"]
    requests += [ConfigRequest("PUT", item.uri, item.body, item.object_type == "aor") for item in objects]
    return requests


def unregister_requests(objects: Sequence[PhoneObject]) -> list[ConfigRequest]:
    """The requests that make the switch forget where a phone is (its address is no longer allowed); its calls go on."""
    (aor,) = (item for item in objects if item.object_type == "aor")
    return [ConfigRequest("DELETE", aor.uri), ConfigRequest("PUT", aor.uri, aor.body)]


def removal_requests(endpoint: str) -> list[ConfigRequest]:
    """The requests that take a phone away, in order, its registration with it."""
    return [ConfigRequest("DELETE", PhoneObject(kind, endpoint, ()).uri) for kind in ("endpoint", "aor", "auth")]
