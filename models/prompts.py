"""Uploaded messages: read, made what Asterisk plays everywhere (WAV, 8 kHz, mono, 16 bit PCM), and kept.

Owns: <data_dir>/prompts, one file each, by the hash of what was made. Must not: know which call center plays it.
"""

import array
import hashlib
import io
import sys
import wave
from itertools import pairwise
from pathlib import Path
from typing import Final

from models.files import write_once

RATE: Final = 8000
MOST_BYTES: Final = 30 * 1024 * 1024
MOST_SECONDS: Final = 180
RATES: Final = (8000, 96_000)


class BadSound(ValueError):
    """Not to be played. `code`: not_wav, not_pcm, rate, channels, too_long, too_large, empty."""

    def __init__(self, code: str) -> None:
        self.code: Final = code
        super().__init__(code)


def folder(data_dir: Path) -> Path:
    return data_dir / "prompts"


def path_of(data_dir: Path, sha256: str) -> Path:
    return folder(data_dir) / f"{sha256}.wav"


def store(data_dir: Path, content: bytes) -> tuple[str, int]:
    """Keeps a sound that `convert` made: its SHA-256 and its length in started seconds."""
    sha256 = hashlib.sha256(content).hexdigest()
    write_once(path_of(data_dir, sha256), content)
    with wave.open(io.BytesIO(content)) as sound:
        return sha256, -(-sound.getnframes() // RATE)


def convert(content: bytes) -> bytes:
    """The sound as Asterisk wants it. Raises BadSound."""
    if len(content) > MOST_BYTES:
        raise BadSound("too_large")
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise BadSound("not_wav")
    try:
        with wave.open(io.BytesIO(content)) as sound:
            rate, channels, width, frames = (
                sound.getframerate(), sound.getnchannels(), sound.getsampwidth(), sound.getnframes(),
            )  # fmt: skip
            if not RATES[0] <= rate <= RATES[1]:
                raise BadSound("rate")
            if channels not in (1, 2):
                raise BadSound("channels")
            if frames > rate * MOST_SECONDS:
                raise BadSound("too_long")
            raw = sound.readframes(frames)
    except (wave.Error, EOFError) as error:
        raise BadSound("not_pcm") from error
    samples = _mono(_sixteen_bits(raw, width), channels)
    if not samples:
        raise BadSound("empty")
    return _wav(samples if rate == RATE else _resampled(samples, rate))


def _sixteen_bits(raw: bytes, width: int) -> "array.array[int]":
    if width == 2:
        samples = array.array("h", raw[: len(raw) // 2 * 2])
        if sys.byteorder == "big":
            samples.byteswap()
        return samples
    if width == 1:
        return array.array("h", ((byte - 128) << 8 for byte in raw))
    if width in (3, 4):
        # The two upper bytes of each sample.
        count = len(raw) // width
        pairs = bytearray(2 * count)
        pairs[0::2], pairs[1::2] = raw[width - 2 : count * width : width], raw[width - 1 : count * width : width]
        return _sixteen_bits(bytes(pairs), 2)
    raise BadSound("not_pcm")


def _mono(samples: "array.array[int]", channels: int) -> "array.array[int]":
    if channels == 1:
        return samples
    return array.array("h", ((left + right) // 2 for left, right in zip(samples[0::2], samples[1::2], strict=False)))


def _resampled(samples: "array.array[int]", rate: int) -> "array.array[int]":
    """Each new sample is the mean of the stretch that it stands for: what is too high for 8 kHz is damped by it."""
    sums = [0]
    total = 0
    for sample in samples:
        total += sample
        sums.append(total)
    count = len(samples) * RATE // rate
    bounds = [index * rate // RATE for index in range(count + 1)]
    means = ((sums[end] - sums[start]) // (end - start) for start, end in pairwise(bounds))
    return array.array("h", means)


def _wav(samples: "array.array[int]") -> bytes:
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples.tobytes())
    return buffer.getvalue()
