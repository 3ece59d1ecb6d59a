"""What the doctor's checks give: a finding each.

Owns: the shape of a finding. Must not: look at anything.
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"  # it works, but look at it; does not change the exit status
    PROBLEM = "problem"
    SKIPPED = "skipped"  # cannot be seen while another part is missing


@dataclass(frozen=True)
class Finding:
    """`check` is the stable name in the JSON; `text` and `mend` are in the operator's language."""

    check: str
    verdict: Verdict
    text: str
    mend: str = ""
