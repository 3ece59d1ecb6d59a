"""The part of `jobs` that prints: a thread with a loop of its own.

Owns: who is at work, the claims kept alive, results that could not be written yet. Must not: know printers (`presses`),
or what the states mean (`models.print_jobs`).
"""

import asyncio
import secrets
from pathlib import Path
from typing import Any, Final

from peewee import Database, PeeweeException

from admin.background import Background
from admin.printing import presses
from models import print_jobs
from models.print_jobs import Result, not_begun
from models.tables import PrintJob, PrintState

POLL_SECONDS: Final = 0.5
RENEW_SECONDS: Final = 5.0
SWEEP_SECONDS: Final = 10.0
COMPOSE_SECONDS: Final = 1.0
STOP_SECONDS: Final = 4.0  # for what is being sent; what is not over then is unsure at the next start
_AGAIN_SECONDS: Final = 0.5


class PrintWorker(Background):
    """`start`, and `stop` when the program ends. Works on until then; only a defect makes it wait and begin anew."""

    name = "printing"
    stop_seconds = STOP_SECONDS + 1

    def __init__(self, database: Database, data_dir: Path) -> None:
        super().__init__(database)
        self._data_dir = data_dir
        self._claim = secrets.token_hex(16)
        self._composer: Any = None
        self._under_way: dict[asyncio.Task[None], int] = {}

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self._work())
            except Exception as error:  # a defect here must not end the loads, nor printing for good
                print(f"level=error event=printing_failed why={error!r}", flush=True)
                self._stopping.wait(1.0)
            self._database.close()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        renewed = swept = composed = float("-inf")
        self._under_way.clear()
        while not self._stopping.is_set():
            try:
                if loop.time() - swept > SWEEP_SECONDS:
                    print_jobs.sweep(self._database)
                    swept = loop.time()
                if self._under_way and loop.time() - renewed > RENEW_SECONDS:
                    print_jobs.renew(self._under_way.values(), self._claim)
                    renewed = loop.time()
                if loop.time() - composed > COMPOSE_SECONDS:
                    self._compose()
                    composed = loop.time()
                print_jobs.recover(self._database)
                for job in print_jobs.claim_due(self._database, self._claim):
                    self._under_way[asyncio.create_task(self._print(job))] = job.id
            except PeeweeException as error:
                self._database_away(error)
            await self._wait(POLL_SECONDS)
        await self._wait(STOP_SECONDS, asyncio.ALL_COMPLETED)

    def _compose(self) -> None:
        if self._composer is None:
            if not print_jobs.waiting_for_content():
                return
            from admin.printing.late import Composer  # pages, words, formats: not before they are needed

            self._composer = Composer()
        self._composer.compose()

    async def _wait(self, seconds: float, until: str = asyncio.FIRST_COMPLETED) -> None:
        if not self._under_way:
            if until == asyncio.FIRST_COMPLETED:
                await asyncio.sleep(seconds)
            return
        done, _still = await asyncio.wait(self._under_way, timeout=seconds, return_when=until)
        for task in done:
            del self._under_way[task]
            task.result()

    async def _print(self, job: PrintJob) -> None:
        begun = False

        def begin() -> bool:
            nonlocal begun
            begun = print_jobs.begin(job.id, self._claim)
            return begun

        def tell(problem: str) -> None:
            try:
                print_jobs.note(job.id, self._claim, problem)
            except PeeweeException as error:  # it is only said while it lasts
                self._database_away(error)

        result: Result | None
        try:
            result = await presses.print_job(job, self._data_dir, begin, tell)
        except PeeweeException as error:  # that it begins could not be noted: nothing was sent
            self._database_away(error)
            result = not_begun("database_away")
        except Exception as error:
            print(f"level=error event=print_defect job={job.id} why={error!r}", flush=True)
            result = Result(PrintState.UNSURE if begun else PrintState.FAILED, "defect", type(error).__name__)
        if result is not None:
            await self._settle(job.id, result)

    async def _settle(self, key: int, result: Result) -> None:
        """Until it is written: the paper is printed, whatever the database does meanwhile."""
        while True:
            try:
                print_jobs.settle(self._database, key, self._claim, result)
                break
            except PeeweeException as error:
                self._database_away(error)
                await asyncio.sleep(_AGAIN_SECONDS)
        level = "info" if result.state is PrintState.PRINTED else "warning"
        print(f"level={level} event=print_job job={key} state={result.state} why={result.problem!r}", flush=True)

    def _database_away(self, error: PeeweeException) -> None:
        print(f"level=warning event=printing_database_away why={error!r}", flush=True)
        self._database.close()
