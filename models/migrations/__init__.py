"""The numbered migrations, applied by `models.db.migrate`. Frozen copies of tables: never import `models.tables`."""
