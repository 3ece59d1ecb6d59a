"""What is read of the wire and of the switch's files about messages, and what the carrier's answers mean."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core import texting
from ari_app.messages.watch import Answered, Asked, read
from dialplan import messages
from models.values.sms import FailureReason, MessageState

PASSWORD = "the switch's own"


def hep(payload: str, *, password: str = PASSWORD, call_id: str = "c-1") -> bytes:
    """As res_hep writes it (seen with 22.10.1): fixed chunks, password, Call-ID, the message."""
    chunks = b"".join(
        struct.pack("!HHH", 0, kind, 6 + len(value)) + value
        for kind, value in (
            (1, b"\x02"), (2, b"\x11"), (14, password.encode()), (17, call_id.encode()), (15, payload.encode()),
        )
    )  # fmt: skip
    return b"HEP3" + struct.pack("!H", 6 + len(chunks)) + chunks


REQUEST = "MESSAGE sip:+50688887777@carrier SIP/2.0\r\nCSeq: 7 MESSAGE\r\nX-Centralita-Message: 42\r\n\r\nHola\r\n"
ANSWER = "SIP/2.0 503 Not now\r\nVia: x\r\nCSeq: 7 MESSAGE\r\nRetry-After: 30 (busy);duration=9\r\n\r\n"


def test_the_watch() -> None:
    assert read(hep(REQUEST), PASSWORD) == Asked("c-1", 42)
    assert read(hep(ANSWER), PASSWORD) == Answered("c-1", 503, "Not now", 30.0)
    assert read(hep(ANSWER.replace("Retry-After: 30", "Retry-After: soon")), PASSWORD) == Answered(
        "c-1", 503, "Not now"
    )


@pytest.mark.parametrize(
    "packet",
    [
        b"", b"HEP3", hep(REQUEST)[:40], hep(REQUEST, password="another's"), hep(REQUEST.replace("42", "4x")),
        # A customer's own message, and one that quotes the header in its text.
        hep("MESSAGE sip:a@b SIP/2.0\r\nCSeq: 1 MESSAGE\r\n\r\nX-Centralita-Message: 42\r\n"),
        hep("INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\nSubject: 1 MESSAGE\r\n\r\n"),
        hep("SIP/2.0 ab c\r\nCSeq: 1 MESSAGE\r\n\r\n"),
        hep(REQUEST)[:-30] + b"\xff" * 30,
    ],
)  # fmt: skip
def test_what_is_none_of_ours(packet: bytes) -> None:
    assert read(packet, PASSWORD) is None


@given(st.binary(max_size=400))
def test_whatever_comes_is_no_crash(noise: bytes) -> None:
    read(b"HEP3" + noise, PASSWORD)
    read(hep(REQUEST)[:60] + noise, PASSWORD)
    read(hep("") + noise + b" MESSAGE\r\n", PASSWORD)
    messages.parse(noise)


def in_file(*fields: str) -> bytes:
    return (" ".join(base64.b64encode(b"x" + one.encode()).decode() for one in fields) + " .\n").encode()


def test_the_file_of_a_message() -> None:
    told = messages.parse(
        in_file("40001000", '"Ana <sip:999@x>" <sip:+50688887777@10.0.0.1>', "c-1", "7 MESSAGE", "4", "Hola\nñ")
    )
    assert told is not None
    assert (told.called, told.caller, told.text, told.cut) == ("40001000", "+50688887777", "Hola\nñ", False)
    other = messages.parse(in_file("40001000", "<sip:anonymous@x>", "c-1", "8 MESSAGE", "0", ""))
    assert other is not None
    assert (other.caller, other.cut) == ("anonymous", False)
    assert other.key != told.key
    cut = messages.parse(in_file("1", "sip:5@x;tag=1", "c", "1 MESSAGE", "1100", ""))
    assert cut is not None
    assert (cut.caller, cut.cut) == ("5", True)


def test_a_file_that_is_not_whole() -> None:
    whole = in_file("40001000", "<sip:1@x>", "c-1", "7 MESSAGE", "4", "Hola")
    assert messages.parse(whole) is not None
    assert [cut for cut in range(len(whole) - 1) if messages.parse(whole[:cut]) is not None] == []
    assert messages.parse(whole.replace(b" .", b" ,")) is None


@pytest.mark.parametrize("folder", ["/srv/a,b/messages", "/srv/${X}/m", "/srv/a)b", "/srv/a;b", "/srv/ñ"])
def test_a_folder_that_the_dialplan_cannot_name(folder: str) -> None:
    with pytest.raises(ValueError, match="messages cannot be kept"):
        messages.check_folder(folder)
    messages.check_folder("/srv/call center/var-1/spool/messages")


@pytest.mark.parametrize("status", range(100, 700))
def test_every_answer_has_a_meaning(status: int) -> None:
    found = texting.verdict(status, "Words")
    if status < 200:
        assert found is None
        return
    assert found is not None
    assert (found.state is MessageState.SENT) is (status < 300)
    assert (found.again is not None) is (status == 503)
    if found.state is not MessageState.SENT:
        assert FailureReason(found.reason)
        assert found.detail == f"{status} Words"


def test_a_busy_carrier_is_asked_three_times() -> None:
    first = texting.verdict(503, attempts=1)
    second = texting.verdict(503, attempts=2, retry_after=5)
    third = texting.verdict(503, attempts=3)
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.again, second.again, third.again) == (15, 60, None)
    assert third.state is MessageState.FAILED
    patient = texting.verdict(503, attempts=1, retry_after=90_000)
    assert patient is not None
    assert patient.again == texting.LONGEST_WAIT
