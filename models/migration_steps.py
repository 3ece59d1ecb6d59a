"""Steps that several migrations take.

Owns: how a column is added without building its table anew. Must not: change what it does for a released migration.
"""

from typing import Any

from peewee import AutoField, Database, Field, ForeignKeyField

from models.db import execute, is_postgresql


def add_column(database: Database, table: str, name: str, field: Field) -> None:
    """Adds a column to a table; rows that are there get the field's default, which must be a constant.

    Not the migrator's `add_column`: for a column that may not be NULL it builds an SQLite table anew and drops the old
    one, and with it, by ON DELETE CASCADE, whatever points to its rows.
    """
    made: Any = field
    context: Any = database.get_sql_context()
    field.name = field.column_name = name
    if isinstance(field, ForeignKeyField):
        to: Any = field.rel_model
        pointed = to._meta
        key = pointed.primary_key
        # What points to a serial number is none itself: on PostgreSQL that would forbid NULL.
        kind = "INTEGER" if isinstance(key, AutoField) else key.ddl_datatype(context)
        target = f'REFERENCES "{pointed.table_name}" ("{pointed.primary_key.column_name}")'
        rest = f"{target} ON DELETE {field.on_delete}" if field.on_delete else target
    else:
        kind = made.ddl_datatype(context)
        rest = ""
    text = kind.sql if hasattr(kind, "sql") else str(kind)
    if not field.null:
        text += f" NOT NULL DEFAULT {_literal(database, made.db_value(made.default))}"
    execute(database, f'ALTER TABLE "{table}" ADD COLUMN "{name}" {text} {rest}'.rstrip())


def _literal(database: Database, value: object) -> str:
    if isinstance(value, bool):
        return ("true" if value else "false") if is_postgresql(database) else str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise TypeError(f"a column's default must be a constant, not {value!r}")
