"""Differences between versions, and signatures, on the wire."""

from datetime import datetime
from typing import Literal

import msgspec
from pydantic import BaseModel, Field

from serinus.api.schemas.app import VersionRef
from serinus.api.schemas.plan import Declared
from serinus.api.schemas.times import when
from serinus.control.compare_versions import Comparison
from serinus.control.sign_version import Verified
from serinus.ports.control_store import Signature


class SpanView(BaseModel):
    """A piece of plain text; escape it before showing it."""

    kind: Literal["equal", "removed", "added"]
    text: str


class MessageDiffView(BaseModel):
    """One message of the prompt, word by word."""

    role: str
    change: Literal["equal", "changed", "added", "removed"]
    before: int | None = Field(description="Its place in the first version, from 0; null: it is not in it.")
    after: int | None
    spans: list[SpanView]


class FieldDiffView(BaseModel):
    """One field that differs. Values are JSON text; null: the field is absent."""

    field: str
    before: str | None
    after: str | None


class ReasonView(BaseModel):
    """Why a type of release is implied."""

    type: str
    text: str
    floor: int = Field(description="The least risk that this alone asks for; 0: none.")


class ProposalView(BaseModel):
    """The type of release that the difference implies."""

    type: str
    base_risk: int
    risk: int = Field(description="The base risk, raised to the highest floor of the reasons.")
    reasons: list[ReasonView] = Field(description="The gravest first.")


class ComparisonView(BaseModel):
    """What leads from one version to another."""

    before: VersionRef
    after: VersionRef | None = Field(description="Null: this content was never pushed.")
    digest: str = Field(description="Of the second version, or of the content that was sent.")
    same: bool
    messages: list[MessageDiffView]
    fields: list[FieldDiffView]
    proposal: ProposalView

    @classmethod
    def of(cls, found: Comparison) -> "ComparisonView":
        """The view of a comparison."""
        return cls(
            before=VersionRef(digest=found.before.digest, name=found.before.name),
            after=VersionRef(digest=found.after.digest, name=found.after.name) if found.after else None,
            digest=found.digest,
            same=found.is_same,
            proposal=ProposalView.model_validate(msgspec.to_builtins(found.proposal)),
            **msgspec.to_builtins(found.diff),
        )


class SignatureBody(Declared):
    """A signature to keep."""

    public_key: str = Field(max_length=100, description="Base64 of the 32 bytes of an Ed25519 public key.")
    signature: str = Field(max_length=200, description="Base64 of 64 bytes: docs/reference/formats.md, Signatures.")


class SignatureView(BaseModel):
    """A signature of a version."""

    key_id: str
    public_key: str
    signature: str
    signed_at: datetime
    signed_by: str
    valid: bool = Field(description="It fits the content as it is stored now.")

    @classmethod
    def of(cls, signature: Signature, valid: bool) -> "SignatureView":
        """The view of a signature."""
        return cls(
            key_id=signature.key_id,
            public_key=signature.public_key,
            signature=signature.signature,
            signed_at=when(signature.signed_at_us),
            signed_by=signature.signed_by,
            valid=valid,
        )

    @classmethod
    def of_verified(cls, verified: Verified) -> "SignatureView":
        """The view of a signature that was checked."""
        return cls.of(verified.signature, verified.is_valid)
