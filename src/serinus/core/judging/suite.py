"""A suite: a data set, what is asked of the answers, and the thresholds that make it a gate."""

from __future__ import annotations

import hashlib
import re

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.judging import rules
from serinus.core.judging.answer import Price
from serinus.core.judging.bounds import Bound, check_bounds
from serinus.core.judging.calibration import Calibration
from serinus.core.judging.case import SPLITS, Split
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.scorers import Cost, JsonSchema, Judge, Scorer, scorer_digest
from serinus.core.judging.told import told
from serinus.core.versions import canonical as jcs

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
DIGEST = re.compile(r"[0-9a-f]{64}")


class Criterion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A scorer and what is asked of its scores, over the cases that have the tags in `where`.

    `min`: the least mean score; with `confident` the lower 95 % bound has to reach it. `max_drop`: the mean score may
    be at most so much below the baseline's, at 95 %. `min_cases`: with fewer scored cases nothing is said.
    `dry_run`: shown, gates nothing; so are judges without a calibration that carries them.
    """

    name: str
    scorer: Scorer
    where: dict[str, str] = {}
    min: float | None = None
    confident: bool = False
    max_drop: float | None = None
    min_cases: int = 0
    dry_run: bool = False
    calibration: Calibration | None = None

    @property
    def digest(self) -> str:
        """What a score of this criterion depends on."""
        if isinstance(self.scorer, Judge):
            return judge_digest(self.scorer)
        return scorer_digest(self.scorer, rules.REVISION)

    def dry(self) -> str:
        """Why it gates nothing; empty when it does."""
        if self.dry_run:
            return "dry run"
        if self.min is None and self.max_drop is None:
            return "no threshold"
        if not isinstance(self.scorer, Judge):
            return ""
        if self.calibration is None:
            return "the judge is not calibrated"
        if self.calibration.judge != self.digest:
            return "the judge has changed since its calibration"
        return self.calibration.shortcoming()


class Suite(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`data`: digest of the data set. Prices are US dollars for a million tokens, by model.

    `max_unscored`: the share of answers that may be missing, and of scores. `max_cost_usd` 0 and `requests_per_minute`
    0 are no limit. `tries`: how often a request is sent in all.
    """

    schema: int = 1
    name: str
    data: str
    criteria: tuple[Criterion, ...]
    splits: tuple[Split, ...] = ("gate", "heldout")
    repeats: int = 1
    min_cases: int = 1
    max_unscored: float = 0.0
    prices: dict[str, Price] = {}
    max_cost_usd: float = 0.0
    concurrency: int = 8
    requests_per_minute: float = 0.0
    timeout_s: float = 60.0
    tries: int = 4

    def __post_init__(self) -> None:
        """Refuse a suite that cannot run or cannot be judged; InvalidInput names the field."""
        if self.schema != 1:
            raise InvalidInput(f"schema {self.schema} is not known", where="schema", mend="use 1, or upgrade")
        if not NAME.fullmatch(self.name):
            raise InvalidInput(f"{self.name!r} is not a name", where="name", mend="small letters, digits, . _ -")
        if not DIGEST.fullmatch(self.data):
            raise InvalidInput("not the digest of a data set", where="data", mend="push the data set first")
        if not self.criteria:
            raise InvalidInput("no scorers", where="scorers", mend="add one: - {name: exact, kind: exact, min: 90%}")
        _check_bounds(self)
        names: set[str] = set()
        for index, criterion in enumerate(self.criteria):
            _check_criterion(f"scorers[{index}]", self, criterion)
            if criterion.name in names:
                raise InvalidInput(
                    f"`{criterion.name}` stands twice", where=f"scorers[{index}].name", mend="give each its own name"
                )
            names.add(criterion.name)

    @property
    def digest(self) -> str:
        """Hex SHA-256 of its canonical JSON."""
        return hashlib.sha256(canonical_suite(self)).hexdigest()

    def judge_endpoints(self) -> list[str]:
        """The endpoints that its judges name."""
        return sorted({one.scorer.endpoint for one in self.criteria if isinstance(one.scorer, Judge)})

    def price(self, model: str) -> Price | None:
        """Of this model, or of the longest name that its own begins with (dated names)."""
        fitting = [name for name in self.prices if model.startswith(name)]
        return self.prices[max(fitting, key=len)] if fitting else None


def canonical_suite(suite: Suite) -> bytes:
    """RFC 8785 bytes."""
    return jcs.encode(told(suite))


def parse_suite(raw: bytes) -> Suite:
    """The suite in canonical JSON; InvalidInput names the field."""
    try:
        suite = msgspec.json.decode(raw, type=Suite)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        mend = "write it as docs/reference/suites.md"
        raise InvalidInput(f"not a suite: {error}", where="suite", mend=mend) from None
    return suite


def _check_bounds(suite: Suite) -> None:
    bounds: tuple[Bound, ...] = (
        ("repeats", suite.repeats, 1, 100),
        ("min_cases", suite.min_cases, 1, 1e9),
        ("max_unscored", suite.max_unscored, 0, 1),
        ("max_cost", suite.max_cost_usd, 0, 1e9),
        ("concurrency", suite.concurrency, 1, 1024),
        ("requests_per_minute", suite.requests_per_minute, 0, 1e9),
        ("timeout", suite.timeout_s, 0.001, 3600),
        ("tries", suite.tries, 1, 20),
    )
    check_bounds(bounds)
    if not suite.splits or set(suite.splits) - set(SPLITS):
        raise InvalidInput("no known split", where="splits", mend="splits: [gate, heldout]")
    if suite.max_cost_usd and not suite.prices:
        raise InvalidInput(
            "a limit on cost without a price", where="max_cost", mend="add prices: {MODEL: {input: …, output: …}}"
        )
    for model, price in suite.prices.items():
        if price.input < 0 or price.output < 0:
            raise InvalidInput("a price below 0", where=f"prices.{model}", mend="US dollars for a million tokens")


def _check_criterion(where: str, suite: Suite, criterion: Criterion) -> None:
    if not NAME.fullmatch(criterion.name):
        raise InvalidInput(
            f"{criterion.name!r} is not a name", where=f"{where}.name", mend="small letters, digits, . _ -"
        )
    for name in ("min", "max_drop"):
        value = getattr(criterion, name)
        if value is not None and not 0 <= value <= 1:
            raise InvalidInput(f"{value:g} is not from 0 to 1", where=f"{where}.{name}", mend="e.g. 90%")
    if criterion.confident and criterion.min is None:
        raise InvalidInput("`confident` without `min`", where=f"{where}.confident", mend="add min: 90%")
    if criterion.min_cases < 0:
        raise InvalidInput("min_cases is below 0", where=f"{where}.min_cases", mend="leave it out")
    if criterion.calibration is not None and not isinstance(criterion.scorer, Judge):
        raise InvalidInput("only judges are calibrated", where=f"{where}.calibration", mend="leave it out")
    if isinstance(criterion.scorer, JsonSchema):
        rules.check_schema(criterion.scorer.schema)
    if isinstance(criterion.scorer, Cost) and not suite.prices:
        raise InvalidInput("costs without a price", where=where, mend="add prices: {MODEL: {input: …, output: …}}")
