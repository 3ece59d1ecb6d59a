"""SMS over the trunk: from the switch's files into the database, and from the queue to the carrier.

Owns: both, beside the calls and apart from them. Must not: touch a call, or send over HTTP (`admin.messaging`).
docs/decisions/0033-messages.md says what is promised and what is not.
"""
