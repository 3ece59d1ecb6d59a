"""The dry run: the whole file read, every problem found, nothing written.

Owns: the report that the page shows. Must not: change a contact.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from peewee import Database

from admin.bulk import columns, files, plan, sheets
from admin.bulk.cells import text_of
from admin.bulk.plan import Options
from admin.bulk.problems import BadFile
from models.values.errors import InvalidValue

SAMPLE: Final = 8
_STEP: Final = 2000
_MAX_PROBLEMS: Final = 200_000  # lines of the list; what is beyond is counted
_MAX_NAMES: Final = 50


def shown(value: Any) -> str:
    """A cell of the sample or of a refused row."""
    try:
        return text_of(value)
    except InvalidValue:
        return str(value)


def run(database: Database, folder: Path, options: Options, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """The report. `options.mapping` is filled by guess when it is empty. Raises BadFile."""
    sheet = sheets.open_sheet(folder / files.UPLOAD)
    head, rows = plan.body(sheet, titles=options.titles)
    titles = [shown(cell).strip() for cell in head]
    fields = plan.fields_in_order()
    if not options.mapping:
        options.mapping = columns.guess(titles, fields)
    counts: Counter[str] = Counter()
    companies: dict[str, None] = {}
    sample: list[list[str]] = []
    used: set[int] = {place for place, title in enumerate(titles) if title}
    problems: list[list[Any]] = []
    reader = plan.reader_of(options.mapping, plan.names_now())
    seen: set[str] = set()
    last = 0
    for chunk in plan.chunks(rows, _STEP):
        read = []
        for number, cells in chunk:
            candidate, remarks = reader.read(number, cells)
            read.append(plan.Row(candidate, cells, remarks))
            if len(sample) < SAMPLE:
                sample.append([shown(cell) for cell in cells])
                used.update(place for place, cell in enumerate(cells) if cell not in ("", None))
        known = plan.known_phones(database, {row.candidate.phone_key for row in read if row.candidate.phone_key})
        for row in read:
            _count(row, known, seen, options, counts, companies)
            for remark in row.remarks:
                counts["problems" if remark.refuses else "remarks"] += 1
                if len(problems) < _MAX_PROBLEMS:
                    problems.append([row.candidate.row, *remark.stored()])
        last = chunk[-1][0]
        tell(last, sheet.height)
    if not counts["rows"]:
        raise BadFile("file_no_rows")
    files.write_lines(folder / files.PROBLEMS, problems)
    width = max([len(titles), *(len(line) for line in sample)], default=0)
    return {
        "kind": sheet.kind,
        "titles": titles + [""] * (width - len(titles)),
        "first_column": sheet.first_column,
        "used": sorted(used),
        "sample": sample,
        "counts": dict(counts),
        "companies": list(companies)[:_MAX_NAMES],
        "companies_new": len(companies),
        "notes": [[note.code, note.params] for note in sheet.notes],
        "mapped": sorted(reader.mapped),
    }


def _count(
    row: plan.Row,
    known: dict[str, int],
    seen: set[str],
    options: Options,
    counts: Counter[str],
    companies: dict[str, None],
) -> None:
    counts["rows"] += 1
    key = row.candidate.phone_key
    there = key is not None and (key in known or key in seen)
    if not row.refused and (not there or options.duplicates is plan.Duplicates.CREATE) and row.candidate.missing:
        row.remarks.extend(row.candidate.missing)
    if row.refused:
        counts["refused"] += 1
        return
    if key is not None and key in seen:
        counts["repeated"] += 1
    if key is not None:
        seen.add(key)
    if there and options.duplicates is plan.Duplicates.SKIP:
        counts["skipped"] += 1
        return
    counts["updated" if there and options.duplicates is plan.Duplicates.UPDATE else "created"] += 1
    if row.candidate.company:
        companies.setdefault(row.candidate.company)
