"""Messages as Asterisk 22.10.1 sent them (shortened where nothing is read), and what they are to the core."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.ari.decode import (
    EVENT_TYPES,
    ApplicationReplaced,
    Decoded,
    MalformedMessage,
    PhoneChanged,
    RestAnswer,
    UnknownArrived,
    caller_name,
    caller_number,
    decode,
)
from ari_app.core.events import (
    CallerArrived,
    ChannelGone,
    ChannelLeft,
    FarHalfArrived,
    LegAnswered,
    LegReady,
    LegRefused,
    LegRinging,
    PlaybackFinished,
    Refusal,
)

CALL = "centralita-1795476871.0"
LEG = CALL + ".agent.1"
AT = 1_795_476_871_386

CALLER_START = (
    '{"type":"StasisStart","timestamp":"2026-11-23T23:34:31.386+0000","args":["inbound","40001000"],"channel":{"id":'
    '"centralita-1795476871.0","name":"PJSIP/trunk-00000000","state":"Ring","protocol_id":"1-16805@127.0.0.1","caller":'
    '{"name":"María Ñandú","number":"88887777"},"connected":{"name":"","number":""},"accountcode":"","dialplan":'
    '{"context":"from-trunk","exten":"40001000","priority":2,"app_name":"Stasis","app_data":"centralita,inbound,40001000"}'
    ',"creationtime":"2026-11-23T23:34:31.385+0000","language":"es","channelvars":{"CENTRALITA_CALL":""}},'
    '"asterisk_id":"02:fc:00:00:00:01","application":"centralita"}'
)
HANGUP_REQUEST = (
    '{"cause":32,"soft":true,"type":"ChannelHangupRequest","timestamp":"2026-11-23T23:34:32.713+0000","channel":{"id":'
    '"centralita-1795476871.0.agent.1","name":"PJSIP/8330101-00000001","state":"Up"},"application":"centralita"}'
)
DESTROYED = (
    '{"type":"ChannelDestroyed","timestamp":"2026-11-23T23:34:32.715+0000","cause":16,"cause_txt":"Normal Clearing",'
    '"channel":{"id":"centralita-1795476871.0.agent.1","name":"PJSIP/8330101-00000001"},"application":"centralita"}'
)
FAR_START = (
    '{"type":"StasisStart","args":["virtual-phone","8330101","centralita-1795476871.0.agent.1"],"channel":{"id":'
    '"centralita-1795476871.0.agent.1.far","name":"Local/8330101@centralita-virtual-phone-00000001;2","state":"Ring"}}'
)
REPLACED = '{"type":"ApplicationReplaced","timestamp":"2026-11-23T23:34:32.715+0000","application":"centralita"}'
REST = (
    '{"type":"RESTResponse","transaction_id":"16","request_id":"17","status_code":404,"reason_phrase":"Not Found",'
    '"uri":"channels/x","content_type":"application/json","message_body":"{\\"message\\":\\"Channel not found\\"}",'
    '"application":"centralita","timestamp":"2026-11-23T23:34:32.713+0000","asterisk_id":"02:fc:00:00:00:01"}'
)
CONTACT = (
    '{"type":"ContactStatusChange","endpoint":{"technology":"PJSIP","resource":"8330101","state":"online","channel_ids":'
    '[]},"contact_info":{"uri":"sip:8330101@127.0.0.1:5062","contact_status":"Reachable","aor":"8330101","roundtrip_usec":'
    '"512"}}'
)


def start(channel: str, *args: str, number: str = "", name: str = "") -> str:
    caller = {"name": name, "number": number}
    return json.dumps(
        {"type": "StasisStart", "args": args, "channel": {"id": channel, "name": "X/y", "caller": caller}}
    )


def dial(status: str) -> str:
    return json.dumps({"type": "Dial", "dialstatus": status, "forward": "", "peer": {"id": LEG, "state": "Up"}})


@pytest.mark.parametrize(
    ("raw", "thing", "event"),
    [
        (CALLER_START, CALL, CallerArrived(AT, CALL, "40001000", "88887777", "María Ñandú")),
        (start(CALL, "inbound", "8000"), CALL, CallerArrived(AT, CALL, "8000", None, None)),
        (start(LEG), LEG, LegReady(AT, LEG)),
        (FAR_START, LEG + ".far", FarHalfArrived(AT, LEG, LEG + ".far")),
        # The far half of a leg whose channel's id Asterisk chose: the dialplan's argument tells.
        (
            start("centralita-9.9", "virtual-phone", "8", LEG),
            "centralita-9.9",
            FarHalfArrived(AT, LEG, "centralita-9.9"),
        ),
        (
            start("centralita-9.9", "virtual-phone", "8", ""),
            "centralita-9.9",
            UnknownArrived(AT, "centralita-9.9", "X/y", ("virtual-phone", "8", "")),
        ),
        (start("centralita-9.9", "spy"), "centralita-9.9", UnknownArrived(AT, "centralita-9.9", "X/y", ("spy",))),
        # Soft: ordered by us; 32 is AST_SOFTHANGUP_EXPLICIT, no cause.
        (HANGUP_REQUEST, LEG, ChannelLeft(AT, LEG)),
        (HANGUP_REQUEST.replace('"cause":32,"soft":true', '"cause":17'), LEG, ChannelLeft(AT, LEG, 17)),
        (DESTROYED, LEG, ChannelGone(AT, LEG, 16)),
        (DESTROYED.replace('"cause":16,', '"cause":0,'), LEG, ChannelGone(AT, LEG, None)),
        (json.dumps({"type": "StasisEnd", "channel": {"id": LEG}}), LEG, ChannelLeft(AT, LEG)),
        # Nothing more comes of a channel that entered through the dialplan (tests/asterisk/test_ari_contract.py).
        (json.dumps({"type": "StasisEnd", "channel": {"id": CALL}}), CALL, ChannelGone(AT, CALL)),
        (dial("RINGING"), LEG, LegRinging(AT, LEG)),
        (dial("PROGRESS"), LEG, LegRinging(AT, LEG)),
        (dial("ANSWER"), LEG, LegAnswered(AT, LEG)),
        (
            json.dumps({"type": "PlaybackFinished", "playback": {"id": CALL + ".announce.1", "state": "failed"}}),
            CALL + ".announce.1",
            PlaybackFinished(AT, CALL + ".announce.1"),
        ),
        (CONTACT, "8330101", PhoneChanged(AT, "8330101", "Reachable", "sip:8330101@127.0.0.1:5062")),
    ],
)
def test_what_a_message_is_to_the_core(raw: str, thing: str, event: object) -> None:
    assert decode(raw.encode(), AT) == Decoded(thing, event)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("BUSY", Refusal.BUSY),
        ("NOANSWER", Refusal.NO_ANSWER),
        ("CANCEL", Refusal.CANCELLED),
        ("CONGESTION", Refusal.CONGESTION),
        ("CHANUNAVAIL", Refusal.UNREACHABLE),
        ("DONTCALL", Refusal.DECLINED),
        ("TORTURE", Refusal.DECLINED),
    ],
)
def test_how_a_phone_says_no(status: str, refusal: Refusal) -> None:
    assert decode(dial(status).encode(), AT) == Decoded(LEG, LegRefused(AT, LEG, refusal))


def test_what_the_shell_alone_needs() -> None:
    assert decode(REPLACED.encode(), AT) == ApplicationReplaced()
    assert decode(REST.encode(), AT) == RestAnswer("17", 404, "Not Found", '{"message":"Channel not found"}')


@pytest.mark.parametrize("raw", [dial(""), dial("PROCEEDING"), '{"type":"ChannelVarset","value":1}', '{"type":"X"}'])
def test_what_concerns_nobody_is_passed_over(raw: str) -> None:
    assert decode(raw.encode(), AT) is None


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b'{"type":5}', b'{"no":"type"}', b'{"type":"StasisStart"}', b"[" * 50_000]
    + [
        f'{{"type":"{name}","channel":7,"peer":7,"playback":7,"endpoint":7,"status_code":"x"}}'.encode()
        for name in EVENT_TYPES
        if name != "ApplicationReplaced"
    ],
)
def test_a_message_that_cannot_be_read_is_said_to_be(raw: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode(raw, AT)


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("88887777", "88887777"),
        ("+506 8888-7777", "+506 8888-7777"),
        ("", None),
        ("  ", None),
        ("anonymous", None),
        ("Anonymous", None),
        ("unavailable", None),
        ("Unknown", None),
        ("restricted", None),
        ("1" * 41, None),
        ("8888\r\n7777", "8888 7777"),
    ],
)
def test_a_withheld_number_is_none(told: str, number: str | None) -> None:
    assert caller_number(told) == number


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("María Ñandú", "María Ñandú"),
        ("  Ana \t  Mora\n", "Ana Mora"),
        ("Ana\x00\x1b[31m\x7f", "Ana [31m"),
        ('Ana \\"la jefa\\" Mora', 'Ana "la jefa" Mora'),
        ("C:\\\\Ana", "C:\\Ana"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        # Direction marks would turn what stands beside the name around.
        ("Ana\u202eaneroM\u2066", "Ana aneroM"),
        ("x" * 300, "x" * 80),
        ("anonymous", None),
        ("", None),
        ("日本 太郎", "日本 太郎"),
    ],
)
def test_a_name_is_one_bounded_line(told: str, name: str | None) -> None:
    assert caller_name(told) == name


@given(st.text(max_size=2000))
def test_no_name_breaks_a_line_or_an_encoding(told: str) -> None:
    name = caller_name(told)
    assert name is None or (0 < len(name) <= 80 and name == name.strip() and len(name.splitlines()) == 1)
    if name:
        assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in name)
        name.encode()
        if "\\" not in name:
            assert caller_name(name) == name


WORDS = st.sampled_from(["type", "channel", "id", "args", "peer", "caller", "number", "playback", "dialstatus"])
JUNK = st.recursive(
    st.none() | st.integers() | st.text(string.printable) | st.sampled_from(["inbound", "virtual-phone", LEG]),
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, JUNK), st.sampled_from(EVENT_TYPES))
def test_nothing_but_malformed_message_is_ever_raised(junk: dict[str, object], kind: str) -> None:
    try:
        message = decode(json.dumps({**junk, "type": kind}).encode(), AT)
    except MalformedMessage:
        return
    assert message is None or isinstance(message, (Decoded, RestAnswer, ApplicationReplaced))
