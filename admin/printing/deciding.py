"""What a person decides about a job: again, away, it came out.

Owns: the words of the acts in an address, and their entries in the audit log. Must not: decide who may press.
"""

from collections.abc import Callable
from typing import Final

from admin import audit
from admin.installation import installation
from models import print_jobs
from models.db import transaction
from models.tables import PrintJob

# In the address: what it does, and its act in the audit log.
ACTS: Final[dict[str, tuple[Callable[[int, int], bool], str]]] = {
    "reintentar": (print_jobs.print_again, "retry"),
    "cancelar": (print_jobs.cancel, "cancel"),
    "salio": (print_jobs.came_out, "printed"),
    "abrir": (print_jobs.open_in_browser, "print"),
    "impresa": (lambda key, turn: print_jobs.close_in_browser(key, turn, printed=True), "printed"),
    "no-salio": (lambda key, turn: print_jobs.close_in_browser(key, turn, printed=False), "not_printed"),
}


def decide(job: PrintJob, act: str, turn: int) -> bool:
    """False: the page was out of date, and nothing was done."""
    do, noted = ACTS[act]
    with transaction(installation().database):
        if not do(job.id, turn):
            return False
        audit.record("print_jobs", noted, key=job.id, name=str(job.title))
    return True
