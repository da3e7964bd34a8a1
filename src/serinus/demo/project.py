"""The demo's project: a support bot, two pipelines that are fast and nearly never wrong, three prompts and a suite."""

from __future__ import annotations

import shutil
from pathlib import Path

from serinus.core.errors import NotFound

APP = "support-bot"
WHOLE = "serinus.yaml"
HASTY = "no-shadow.yaml"
BASELINE, BETTER, WORSE, SUITE, QUERIES = "baseline.md", "better.md", "worse.md", "suite.yaml", "queries.csv"
_FILES = (BASELINE, BETTER, WORSE, SUITE, QUERIES, "golden.jsonl", "grounded.calibration.json")
_PLACES = (Path(__file__).parent / "support_bot", Path(__file__).parents[3] / "examples" / "support-bot")

# Seconds are for a demo: traffic is heavy for an app of this size. Three times the broken formats are found among 3,000
# pairs, or 3,000 users in each arm of a canary, with more than 99.9 % power; a candidate that is no worse is stopped
# by chance less than once in 1,000 runs, since the evidence is against 1.25 times the rate. In your own pipeline keep
# hours. `zero_tolerance` would be the wrong word for this bot: its live version breaks the rule as well, now and then.
_APP = """\
pipeline: 1
endpoints:
  sim:
    base_url: {provider}
    prices:                      # US dollars for a million tokens; made up, as the models are
      sim-small: {{input: $0.15, output: $0.60}}
      sim-judge: {{input: $0.15, output: $0.60}}
apps:
  support-bot:
    owner: ada@example.com
    cohort: {{unit: user}}
    format: {{kind: json_object, required_keys: [answer, category]}}
    rules:
      - {{name: no_refund_promise, kind: regex, pattern: '(?i)already refunded'}}
    overdue: 10s
    lease: 10s
    freshness: 15s
    guardrails:
      - {{metric: call.invalid_format, max_ratio: 1.25, design_ratio: 3, weight: 4}}
      - {{metric: call.policy_violation, max_ratio: 1.25, design_ratio: 4}}
      - {{metric: call.error, max_ratio: 1.25, design_ratio: 3}}
      - {{metric: call.overdue, max_ratio: 1.25, design_ratio: 3}}
    triggers:
      - {{metric: call.error, above: 20%, for: 5s, min_requests: 20, action: rollback}}
    stages:
"""
_STAGES = """\
      - {{kind: offline, suites: [golden], budget: 2m}}
      - {{kind: shadow, dwell: 6s, min_units: 3000, max_concurrency: 128, budget: 90s}}
      - {{kind: approval, roles: [ml_lead]}}
      - {{kind: rollout, name: canary, steps: [{{share: 5%, dwell: 8s, min_units: 100}}]}}
      - {{kind: rollout, name: cohort, steps: [{{share: 25%, dwell: 8s, min_units: 500}}]}}
      - {{kind: rollout, name: wider, steps: [{{share: 50%, dwell: 10s, min_units: 1000}}]}}
      - {{kind: rollout, name: full, steps: [{{share: 100%, dwell: 8s}}]}}
"""
_NO_SHADOW = """\
      - {{kind: rollout, name: canary, steps: [{{share: 10%, dwell: 60s, min_units: 3000}}]}}
      - {{kind: rollout, name: full, steps: [{{share: 100%, dwell: 8s}}]}}
"""
PIPELINES = {WHOLE: _APP + _STAGES, HASTY: _APP + _NO_SHADOW}


def write_project(directory: Path, provider_url: str) -> None:
    """Write the project files, the prompts, the suite and the queries of the demo into a directory."""
    source = next((place for place in _PLACES if place.is_dir()), None)
    if source is None:
        raise NotFound("the support-bot example is not installed", where="demo", mend="install Serinus anew")
    for name in _FILES:
        shutil.copy(source / name, directory / name)
    for name, text in PIPELINES.items():
        (directory / name).write_text(text.format(provider=provider_url), encoding="utf-8")
