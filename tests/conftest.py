"""Fixtures that every folder of tests may take live in plugins; nothing else belongs here."""

pytest_plugins = [
    "switch.fixtures",
    "switch.outbound_stage",
    "switch.messages_stage",
    "postgres_server",
    "migrated",
    "quick_web",
    "long_ones",
]
