"""What a call leaves behind: its recording, its caller's message, or the wish to be called back.

Owns: handing each to where it is kept. Must not: wait, or decide.
"""

from __future__ import annotations

from ari_app.clock import now_ms
from ari_app.conversations import Conversations
from ari_app.core.commands import DropVoicemail, KeepCallback, KeepRecording, KeepVoicemail
from ari_app.records import RecordWriter
from ari_app.voicemails import Voicemails
from models.callers_left import CallbackRow
from models.values.recording import RecordingRow


class Keeping:
    def __init__(self, records: RecordWriter, voicemails: Voicemails, conversations: Conversations) -> None:
        self._records = records
        self.voicemails = voicemails
        self._conversations = conversations

    def keep_voicemail(self, command: KeepVoicemail) -> None:
        self.voicemails.keep(command)

    def drop_voicemail(self, command: DropVoicemail) -> None:
        self.voicemails.drop(command.recording)

    def keep_recording(self, command: KeepRecording) -> None:
        """Its row by way of the records' writer, too; its file is fetched behind that."""
        row = RecordingRow(
            command.recording,
            command.call_id,
            command.part,
            command.began,
            command.ended,
            command.call_center,
            command.cuts,
        )
        self._records.write_recording(row)
        self._conversations.keep(row)

    def keep_callback(self, command: KeepCallback) -> None:
        """By way of the records' writer: it has a journal for when the database is away."""
        self._records.write_callback(
            CallbackRow(command.call_id, command.number, command.call_center, now_ms(), command.since)
        )
