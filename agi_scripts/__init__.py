"""FastAGI entries: what Asterisk asks us in the middle of its dialplan (pyst2; docs/agi.md).

Owns: the server, and one module an entry, with the same name as in the dialplan (`dialplan.names.AGI_ENTRIES`). An
entry reads variables, decides, sets variables. Must not: own a live call (the engine does), or hold one up for long.
"""
