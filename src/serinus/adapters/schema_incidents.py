"""The table of incidents, in the control store."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table, UniqueConstraint

from serinus.adapters.schema import control, number, project_column, text

incidents = Table(
    "incident",
    control,
    project_column(),
    text("id"),
    number("ordinal"),
    text("app"),
    text("release"),
    Column("open", Integer, nullable=False),
    number("opened_at_us"),
    number("next_at_us"),
    text("document"),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "ordinal"),
    Index(None, "project_id", "open", "next_at_us"),
    Index(None, "project_id", "app", "ordinal"),
)
