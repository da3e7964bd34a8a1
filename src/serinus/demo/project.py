"""The demo's project: a support bot, a pipeline that is fast and nearly never wrong, and three prompts."""

from __future__ import annotations

import shutil
from pathlib import Path

from serinus.core.errors import NotFound

APP = "support-bot"
SHARES = ("5%", "25%", "50%", "100%")
FILES = ("baseline.md", "better.md", "worse.md", "queries.csv")
_PLACES = (Path(__file__).parent / "support_bot", Path(__file__).parents[3] / "examples" / "support-bot")

# Dwells of seconds and an alpha of .001 are for a demo: traffic is heavy for an app of this size, so that within one
# step a candidate with three times the broken formats is found with more than 99.9 % power, and a healthy one is
# rolled back by chance less than once in 1,000 runs. In your own pipeline keep hours and an alpha of .01.
PIPELINE = """\
pipeline: 1
endpoints:
  sim:
    base_url: {provider}
apps:
  support-bot:
    owner: you@example.com
    format: {{kind: json_object, required_keys: [answer, category]}}
    alpha: 0.1%
    overdue: 10s
    lease: 10s
    freshness: 15s
    stages:
      - kind: rollout
        steps:
          - {{share: 5%, dwell: 8s, min_units: 100}}
          - {{share: 25%, dwell: 10s, min_units: 700}}
          - {{share: 50%, dwell: 12s, min_units: 1600}}
          - {{share: 100%, dwell: 8s}}
    guardrails:
      - {{metric: call.invalid_format, max_ratio: 1.25, design_ratio: 3, weight: 2}}
      - {{metric: call.error, max_ratio: 1.25, design_ratio: 3}}
      - {{metric: call.overdue, max_ratio: 1.25, design_ratio: 3}}
    triggers:
      - {{metric: call.error, above: 20%, for: 5s, min_requests: 20, action: rollback}}
"""


def write_project(directory: Path, provider_url: str) -> None:
    """Write `serinus.yaml`, the prompts and the queries of the demo into a directory."""
    source = next((place for place in _PLACES if place.is_dir()), None)
    if source is None:
        raise NotFound("the support-bot example is not installed", where="demo", mend="install Serinus anew")
    for name in FILES:
        shutil.copy(source / name, directory / name)
    (directory / "serinus.yaml").write_text(PIPELINE.format(provider=provider_url), encoding="utf-8")
