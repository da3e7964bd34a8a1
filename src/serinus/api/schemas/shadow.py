"""How a shadow stage stands, on the wire."""

from pydantic import BaseModel, Field


class PairedEventView(BaseModel):
    """One event metric over pairs, one pair for each user."""

    metric: str
    units: int = Field(description="Users with a pair that count.")
    candidate_only: int = Field(description="Pairs in which only the candidate had it: evidence against it.")
    baseline_only: int
    both: int = Field(description="Pairs in which both had it: evidence against nobody.")
    role: str = Field(description="`guardrail`, `signal`, `info`, or empty: nothing compares it.")
    dry_run: bool
    max_ratio: float | None = Field(description="What is tolerated; null where nothing compares it.")
    log_e: float = Field(description="Natural logarithm of the e-value: 0 says nothing.")
    culprit: bool


class EventRatesView(BaseModel):
    """An event metric with both sides' rates."""

    pairs: PairedEventView
    candidate_rate: float | None = Field(description="Null without pairs.")
    baseline_rate: float | None


class PairedMeasureView(BaseModel):
    """Candidate over baseline of one measure."""

    measure: str = Field(description="`latency`, `ttft`, `tokens_out`, `cost` or `length`.")
    role: str
    max_ratio: float
    units: int = Field(description="Users whose pair has it on both sides.")
    ratio: float | None = Field(description="Geometric mean; null while there are fewer than 100 pairs.")
    low: float | None = Field(description="Lower end of its confidence sequence at 1 - alpha.")
    high: float | None
    log_e: float
    culprit: bool


class PairedLimitView(BaseModel):
    """An absolute rate over pairs."""

    metric: str
    above: float
    needed: int = Field(description="Pairs from which on it is read.")
    units: int
    candidate: int = Field(description="Pairs with the event on the candidate's side.")
    baseline: int
    broken: bool
    vetoed: bool = Field(description="The baseline is beyond it too.")


class ShadowStandingView(BaseModel):
    """A shadow stage as it stands, or as it ended."""

    stage: str
    attempt: int
    outcome: str = Field(description="Empty while it runs.")
    units: int = Field(description="Users with a pair.")
    min_units: int
    served_s: float = Field(description="Time with pairs coming in.")
    needed_s: float
    peak: str = Field(description="The window of peak traffic in words; empty: none is asked for.")
    peak_units: int = Field(description="Users whose pair lies inside it.")
    peak_needed: int
    events: list[EventRatesView]
    measures: list[PairedMeasureView]
    limits: list[PairedLimitView]
    log_e: float = Field(description="Weighted evidence of all its guardrails.")
    needed_log_e: float = Field(description="Where it fails: log(1/alpha).")
    sent: int = Field(description="Copies sent since the present gateway workers started.")
    dropped: int = Field(description="Copies not sent: under load, above a bound.")
    lacking: list[str] = Field(description="What it still asks for, with numbers.")
