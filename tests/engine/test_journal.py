"""The journal on a real file system: torn, damaged, full, used twice."""

from __future__ import annotations

import json
import os

import pytest

from ari_app.journal import Journal, JournalBusy


def read_all(journal: Journal) -> list[bytes]:
    """Everything, oldest first, removed as it is read."""
    found: list[bytes] = []
    while (segment := journal.oldest()) is not None:
        found += journal.read(segment)
        journal.done(segment)
    return found


def test_what_was_appended_is_read_back_in_order_across_segments_and_restarts(tmp_path) -> None:
    journal = Journal(tmp_path, segment_bytes=100)
    records = [json.dumps({"n": n, "text": "ñ\n"}).encode() for n in range(50)]
    for start in range(0, 50, 5):
        journal.append(records[start : start + 5])
    assert journal.waiting == 50
    assert len(list(tmp_path.glob("journal-*.jsonl"))) > 3
    journal.close()

    again = Journal(tmp_path, segment_bytes=100)
    assert again.waiting == 50
    again.append([b'"last"'])
    assert read_all(again) == [*records, b'"last"']
    assert (again.waiting, again.is_empty, list(tmp_path.glob("journal-*.jsonl"))) == (0, True, [])


def test_records_appended_while_a_segment_is_replayed_go_behind_it(tmp_path) -> None:
    journal = Journal(tmp_path)
    journal.append([b"1"])
    first = journal.oldest()
    assert first is not None
    journal.append([b"2"])
    assert list(journal.read(first)) == [b"1"]
    journal.done(first)
    assert read_all(journal) == [b"2"]


@pytest.mark.parametrize("keep", [1, 8, 9, 12, 20])
def test_a_torn_last_line_is_passed_over_and_counted(tmp_path, keep) -> None:
    journal = Journal(tmp_path)
    journal.append([b'{"whole":1}', b'{"whole":2}', b'{"torn":"xxxxxxxx"}'])
    journal.close()
    path = next(tmp_path.glob("journal-*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + lines[2][:keep])

    again = Journal(tmp_path)
    assert again.waiting == 2
    again.append([b'{"after":1}'])
    assert read_all(again) == [b'{"whole":1}', b'{"whole":2}', b'{"after":1}']
    assert (again.torn, again.damaged) == (1, 0)


def test_a_damaged_line_in_the_middle_is_set_aside_and_the_rest_is_read(tmp_path) -> None:
    journal = Journal(tmp_path)
    journal.append([b'{"n":1}', b'{"n":2}', b'{"n":3}'])
    journal.close()
    path = next(tmp_path.glob("journal-*.jsonl"))
    content = bytearray(path.read_bytes())
    content[content.index(b'"n":2') + 4] ^= 1  # one bit of the second record
    path.write_bytes(bytes(content))

    again = Journal(tmp_path)
    assert read_all(again) == [b'{"n":1}', b'{"n":3}']
    assert (again.torn, again.damaged) == (0, 1)
    refused = json.loads((tmp_path / "refused.jsonl").read_text())
    assert refused["reason"] == "damaged in the journal"
    assert '"n":3' in refused["record"]


def test_a_write_that_fails_half_way_damages_nothing(tmp_path, monkeypatch) -> None:
    journal = Journal(tmp_path)
    journal.append([b"1"])
    real = os.write

    def full_disk(handle: int, data: bytes) -> int:
        if len(data) > 5:
            return real(handle, data[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full_disk)
    with pytest.raises(OSError, match="No space"):
        journal.append([b"2"])
    monkeypatch.undo()
    journal.append([b"2"])
    assert read_all(journal) == [b"1", b"2"]
    assert (journal.torn, journal.damaged) == (0, 0)


def test_a_second_engine_is_told_that_the_folder_is_in_use(tmp_path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(JournalBusy):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


def test_the_journal_is_for_its_owner_only(tmp_path) -> None:
    journal = Journal(tmp_path / "new")
    journal.append([b"1"])
    journal.refuse({"a": 1}, "why")
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "new").iterdir()} == {0}
