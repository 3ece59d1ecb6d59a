"""The numbered migrations, applied at start by `models.db.migrate` in order, each in a transaction.

Owns: how a database of any released version becomes today's. Must not: import `models.tables`: each file has frozen
copies of the tables that it touches, for the tables go on changing.

A new one: change `models.tables`, then let pwmigrate draft it:
    pwmigrate <database file> generate <name> models.tables:ALL -d models/migrations
Read every line: pwmigrate does not see changes of type or NULL, and takes a renamed column for a dropped and
an added one. tests/models_db/test_migrations.py holds the outcome against the tables, on both databases.
"""
