"""Something to listen to in the demonstration account: a murmur that rises and falls like talk, in WAV.

Owns: making it up, quickly. Must not: be taken for a person: nobody said anything.
"""

import array
import io
import math
import random
import sys
import wave
from functools import cache
from typing import Final

RATE: Final = 8000  # as the switch records: mono, 16 bit
_SYLLABLE: Final = 0.18
_VOICES: Final = (115.0, 205.0)  # Hz: two people take turns
_VOWELS: Final = ((700, 1200), (400, 2000), (300, 2200), (500, 900), (350, 700))  # a, e, i, o, u: two formants
_LOUDEST: Final = 5000.0


def murmur(seconds: float, seed: int, voices: int = 2) -> bytes:
    """A WAV of that length."""
    made = random.Random(seed)  # noqa: S311  # no secret: the same sound each time
    wanted = round(seconds * RATE)
    parts: list[bytes] = []
    have = speaker = 0
    while have < wanted:
        for _ in range(made.randrange(5, 14)):
            parts.append(_syllable(speaker, made.randrange(len(_VOWELS))))
        parts.append(bytes(2 * round(made.uniform(0.2, 0.8) * RATE)))
        have = sum(map(len, parts)) // 2
        speaker = (speaker + 1) % voices
    whole = io.BytesIO()
    with wave.open(whole, "wb") as file:
        file.setparams((1, 2, RATE, wanted, "NONE", ""))
        file.writeframes(b"".join(parts)[: 2 * wanted])
    return whole.getvalue()


@cache
def _syllable(speaker: int, vowel: int) -> bytes:
    """The harmonics of the voice, the louder the nearer they are to the vowel's formants."""
    base, count = _VOICES[speaker], round(_SYLLABLE * RATE)
    harmonics = []
    for number in range(1, int(3000 / base) + 1):
        near = sum(math.exp(-(((number * base - formant) / 250) ** 2)) for formant in _VOWELS[vowel])
        if near > 0.05:
            harmonics.append((number * base, near))
    loud = _LOUDEST / sum(near for _, near in harmonics)
    samples = array.array("h")
    for place in range(count):
        at, swell = place / RATE, math.sin(math.pi * place / count)
        value = sum(near * math.sin(2 * math.pi * frequency * at) for frequency, near in harmonics)
        samples.append(round(loud * swell * value))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
