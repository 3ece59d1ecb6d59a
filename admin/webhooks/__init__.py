"""Webhooks: the pages on which they are set up, and the part of `jobs` that delivers what the outbox holds.

Owns: sending and the page. Must not: write the outbox (`models.webhooks` does, with the call), or hold up a call.
"""
