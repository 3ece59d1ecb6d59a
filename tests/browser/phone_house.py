"""A place to test the phone in the tab: a Chromium whose microphone says a tone, the web, the engine, the real switch.

Owns: the browser with a made-up microphone, an agent whose phone is in it, measuring what the page plays. Must not:
assert (but by waiting).
"""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser.chromium import ARGUMENTS, executable
from browser.desk_page import DeskPage, PopOnPage
from playwright.sync_api import Browser, Page, expect
from switch.waiting import wait_until

ENDPOINT, NUMBER = "8330101", "40004000"
"""The agent's phone, and the number that customers call."""

AGENT_TONE, CALLER_TONE, COLLEAGUE_TONE = 880, 440, 1300
"""Hz: what the microphone says, what the caller does, and a colleague's microphone."""

_MEASURE = """async ({frequency, ms}) => {
    const {srcObject} = document.getElementById("phone-audio");
    if (srcObject === null) return 0;
    const context = new AudioContext();
    await context.resume();
    const analyser = context.createAnalyser();
    analyser.fftSize = 4096;
    context.createMediaStreamSource(srcObject).connect(analyser);
    await new Promise((resolve) => setTimeout(resolve, ms));
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    await context.close();
    const step = 2 * Math.PI * frequency / context.sampleRate;
    let real = 0, imaginary = 0, power = 0;
    samples.forEach((sample, at) => {
        real += sample * Math.cos(step * at);
        imaginary += sample * Math.sin(step * at);
        power += sample * sample;
    });
    const loudness = Math.sqrt(power / samples.length);
    return loudness < 0.001 ? 0 : Math.SQRT2 * Math.hypot(real, imaginary) / samples.length / loudness;
}"""


_LOUDNESS = """async (ms) => {
    const {srcObject} = document.getElementById("phone-audio");
    if (srcObject === null) return 0;
    const context = new AudioContext();
    await context.resume();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(srcObject).connect(analyser);
    await new Promise((resolve) => setTimeout(resolve, ms));
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    await context.close();
    return Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
}"""


def tone_file(path: Path, frequency: float = AGENT_TONE, seconds: int = 4) -> Path:
    """A WAV that Chromium plays over and over as its microphone; whole periods, so that its end is its beginning."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        samples = (int(12_000 * math.sin(2 * math.pi * frequency * at / 48_000)) for at in range(48_000 * seconds))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


@contextmanager
def talking_browser(browser: Browser, microphone: Path | None, *, allowed: bool = True) -> Iterator[Browser]:
    """Another Chromium beside `browser`. `microphone` None: the machine has none."""
    arguments = [*ARGUMENTS]
    if microphone is not None:
        arguments += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}"]
    if allowed:
        arguments.append("--use-fake-ui-for-media-stream")
    started = browser.browser_type.launch(executable_path=executable(), args=arguments, headless=True)
    try:
        yield started
    finally:
        started.close()


class PhoneDesk(DeskPage):
    """A desk whose phone is in the page."""

    @property
    def chip(self) -> Any:
        return self.page.locator("#phone-chip")

    @property
    def phone(self) -> Any:
        return self.page.locator("dialog#phone")

    @property
    def phone_banner(self) -> Any:
        return self.page.locator("#phone-banner")

    def wait_for_phone(self, state: str = "ready", seconds: float = 15) -> PhoneDesk:
        """`state`: connecting, ready, blocked, elsewhere."""
        expect(self.chip).to_have_attribute("data-phone", state, timeout=seconds * 1000)
        return self

    def close_phone(self) -> PhoneDesk:
        """The microphone test that opens at log-in."""
        expect(self.phone).to_be_visible()
        self.phone.locator("[data-closes]").click()
        return self

    def hears(self, frequency: float, ms: int = 300) -> float:
        """How much of what the page plays is this tone, 0 to 1."""
        return float(self.page.evaluate(_MEASURE, {"frequency": frequency, "ms": ms}))

    def wait_to_hear(self, frequency: float, seconds: float = 10) -> None:
        wait_until(lambda: self.hears(frequency) > 0.7, seconds, f"the page plays {frequency} Hz")

    def wait_until_something_is_heard(self, seconds: float = 10) -> None:
        wait_until(lambda: self.page.evaluate(_LOUDNESS, 300) > 0.005, seconds, "the page plays something")

    def wait_for_silence(self, frequency: float, seconds: float = 10) -> None:
        wait_until(lambda: self.hears(frequency) < 0.1, seconds, f"the page plays no {frequency} Hz any more")


def phone_desk(make_page: Callable[[], Page], url: str, email: str, password: str) -> PhoneDesk:
    desk = PhoneDesk(make_page(), url)
    desk.log_in(email, password)
    return desk


def pass_on(ana: PhoneDesk, pop: PopOnPage, to: str, how: str) -> None:
    """`how`: transfer, consult."""
    pop.part("pass").click()
    dialog = ana.page.locator("#pass")
    option = dialog.locator("[name=to] option", has_text=to)
    expect(option).to_have_count(1)
    dialog.locator("[name=to]").select_option(value=option.get_attribute("value"))
    dialog.locator(f"[value={how}]").click()
