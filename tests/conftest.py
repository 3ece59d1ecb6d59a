"""Fixtures that every folder of tests may take live in plugins; nothing else belongs here."""

pytest_plugins = [
    "postgres_server",
    "migrated",
    "switch.fixtures",
    "switch.outbound_stage",
    "switch.messages_stage",
    "quick_web",
    "long_ones",
]
