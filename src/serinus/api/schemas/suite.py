"""Suites and data sets on the wire."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from serinus.api.schemas.times import when
from serinus.ports.datasets import StoredDataSet, StoredSuite


class DataSetBody(BaseModel):
    """A data set to store."""

    model_config = ConfigDict(extra="forbid")

    lines: str = Field(description="JSONL: one case on each line, canonical JSON.")


class DataSetView(BaseModel):
    """A data set without its cases."""

    app: str
    digest: str = Field(description="SHA-256 of its sorted canonical lines: its identity.")
    cases: int
    size_bytes: int
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, data_set: StoredDataSet) -> "DataSetView":
        """The view of a stored data set."""
        return cls(**_data_set(data_set))


class StoredDataSetView(DataSetView):
    """The data set of a PUT."""

    created: bool = Field(description="False: it was there already.")

    @classmethod
    def of_put(cls, data_set: StoredDataSet, created: bool) -> "StoredDataSetView":
        """The view of a PUT."""
        return cls(**_data_set(data_set), created=created)


class DataSetDetail(DataSetView):
    """A data set with its cases."""

    lines: str = Field(description="JSONL, in the order they were written.")

    @classmethod
    def of(cls, data_set: StoredDataSet) -> "DataSetDetail":
        """The view of a stored data set."""
        return cls(**_data_set(data_set), lines=data_set.raw.decode())


class SuiteBody(BaseModel):
    """A suite to store."""

    model_config = ConfigDict(extra="forbid")

    content: dict[str, Any] = Field(description="As in the reference of suites; `data` is the digest of a data set.")


class SuiteView(BaseModel):
    """A suite."""

    app: str
    name: str
    digest: str = Field(description="SHA-256 of the canonical content.")
    content: dict[str, Any]
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, suite: StoredSuite) -> "SuiteView":
        """The view of a stored suite."""
        return cls(**_suite(suite))


class StoredSuiteView(SuiteView):
    """The suite of a PUT."""

    created: bool = Field(description="False: it was the newest of its name already.")

    @classmethod
    def of_put(cls, suite: StoredSuite, created: bool) -> "StoredSuiteView":
        """The view of a PUT."""
        return cls(**_suite(suite), created=created)


def _data_set(data_set: StoredDataSet) -> dict[str, Any]:
    return {
        "app": data_set.app,
        "digest": data_set.digest,
        "cases": data_set.cases,
        "size_bytes": data_set.size_bytes,
        "created_at": when(data_set.created_at_us),
        "created_by": data_set.created_by,
    }


def _suite(suite: StoredSuite) -> dict[str, Any]:
    return {
        "app": suite.app,
        "name": suite.name,
        "digest": suite.digest,
        "content": msgspec.json.decode(suite.content, type=dict[str, Any]),
        "created_at": when(suite.created_at_us),
        "created_by": suite.created_by,
    }
