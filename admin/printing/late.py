"""Results of calls that were saved while they went on: composed when they are over, by `jobs`.

Owns: an application of its own, without a request, in which slips speak the account's language. Must not: print.
"""

from pathlib import Path
from typing import Final

from flask import Flask

from admin import language
from admin.printing import asking
from models import print_jobs
from models.tables import Call
from models.values.call import Outcome

_ROOT: Final = Path(__file__).parents[1]


class Composer:
    def __init__(self) -> None:
        self._app = Flask("admin", root_path=str(_ROOT))
        language.init_app(self._app)

    def compose(self) -> None:
        """Those whose call is over."""
        waiting = print_jobs.waiting_for_content()
        over = Call.select(Call.id).where(
            Call.id.in_([job.subject for job in waiting]),
            Call.outcome != Outcome.IN_PROGRESS,
            Call.ended_at.is_null(False),
        )
        ids = {call.id for call in over} if waiting else set()
        with self._app.app_context():
            for job in waiting:
                if job.subject in ids:
                    print_jobs.fill(job, asking.compose(job.kind, job.subject))
