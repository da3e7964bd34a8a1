"""Fixed inputs of the golden vectors."""

from __future__ import annotations

from serinus.core.audit.entry import Action, Draft
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.core.records import call_id
from serinus.core.records.record import Begin, Dropped, End, ErrorClass, Event, First, Pair, Payload, Record, Score
from serinus.core.records.sums import Rollup
from serinus.core.release import release
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm, RampPoint
from serinus.core.routing.cached import AnswerCache, CachedAnswer
from serinus.core.routing.conversation import pseudonym
from serinus.core.routing.predicate import AllOf, AnyOf, Condition, Facts, Not
from serinus.core.routing.snapshot import (
    App,
    BreakerRule,
    Caller,
    Endpoint,
    FormatRule,
    Limits,
    Message,
    Mirror,
    Release,
    Snapshot,
    Variable,
    Version,
)

KEY = bytes(range(32))
RANDOM = bytes.fromhex("00112233445566778899")
INSTANCE = bytes.fromhex("0193400000007000800000000000000a")
BOOT = 0x1122334455667788
TIMES_US = (1_795_262_400_123_456, 0, 1)
UNITS = ("ada", "", "user-1", "Zoë", "\u0000\u001f日本")
RELEASE_ID = "rel_01a0000000007000800000000000beef"
RAMP = (
    RampPoint(revision=5, step=0, share=0.05),
    RampPoint(revision=9, step=1, share=0.25),
    RampPoint(revision=12, step=2, share=0.5),
    RampPoint(revision=30, step=3, share=0.99),
)

TEXTS = (
    "{}",
    '{"b":1,"a":[true,false,null,"x"]}',
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",'
    '"\\ud83d\\ude00":"Emoji","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
    '{"\\uff5e":"after all surrogates","\\ud83d\\ude00":"Emoji"}',
    '{"numbers":[333333333.33333329,4.50,2e-3,0.000000000000000000000000001,1.0,-0.0,1e-7,123e2]}',
    '{"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/\\u007f"}',
    '"cafe\\u0301 \\u212b"',
    '"a\\r\\nb\\rc\\n"',
    "9007199254740991",
)

CONTENTS = (
    {"endpoint": "openai", "model": "gpt-x", "messages": [{"role": "system", "template": "Answer kindly."}]},
    {
        "schema": 1,
        "endpoint": "openai",
        "model": "gpt-x",
        "messages": [
            {"role": "system", "template": "You answer for {{ shop }}.\r\nAlways in JSON."},
            {"role": "user", "template": "Cafe\u0301: {{ question }}"},
        ],
        "parameters": {"temperature": 0.2, "max_tokens": 400, "top_p": 1.0},
        "variables": {
            "shop": {"type": "string", "description": "name of the shop"},
            "question": {"type": "string", "required": True},
            "tone": {"type": "string", "required": False, "default": "friendly"},
        },
        "tools": [{"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}],
        "response_format": {"type": "json_object"},
        "caller_may_set": ["max_tokens"],
        "notes": "Shorter answers.",
        "known_issues": ["Does not know holidays."],
    },
    {
        "endpoint": "openai",
        "model": "gpt-x",
        "messages": [{"role": "system", "template": "Answer kindly."}],
        "tools": [],
        "response_format": None,
    },
)

_UNIT = pseudonym(KEY, "ada")
_APP = b"support-bot"
_RELEASE = bytes.fromhex(RELEASE_ID[4:])
_CALL = call_id.make(KEY, _APP, 1_795_262_400_123, RANDOM[:5], _RELEASE, Arm.CANDIDATE, 1, _UNIT)
_DIGEST = bytes.fromhex("ab" * 32)
RECORDS: tuple[Record, ...] = (
    Begin(_CALL, TIMES_US[0], 5_000_000_000, "support-bot", _DIGEST, 9, 30_000, 600_000),
    First(_CALL, 5_200_000_000),
    End(
        call=_CALL,
        at_us=TIMES_US[0] + 900_000,
        mono_ns=5_900_000_000,
        app="support-bot",
        version=_DIGEST,
        revision=9,
        conversation=7,
        status=502,
        error=int(ErrorClass.UPSTREAM_CUT),
        events=int(Event.ERROR | Event.INVALID_FORMAT),
        latency_us=900_000,
        ttft_us=200_000,
        tokens_in=120,
        tokens_out=44,
        tokens_cached=100,
        cost_nano=31_500,
        finish="stop",
        estimated=True,
        stream=True,
        upstream_status=200,
        model="gpt-x-2026-11",
    ),
    Score(_CALL, TIMES_US[0] + 2_000_000, "feedback.thumbs_down", 1_000_000, "feedback", "f1", "support-bot"),
    Score(_CALL, TIMES_US[0] + 2_000_001, "feedback.text", 0, "feedback", "f1", "support-bot", 7, "Not what I asked."),
    Payload(_CALL, b'{"messages":[]}', b'{"choices":[]}'),
    Dropped(TIMES_US[0] + 3_000_000, 17),
    Pair(
        call=call_id.make(KEY, _APP, 1_795_262_400_124, RANDOM[5:], _RELEASE, Arm.SHADOW, -1, _UNIT),
        primary=call_id.make(KEY, _APP, 1_795_262_400_123, RANDOM[:5], _RELEASE, Arm.REST, -1, _UNIT),
        at_us=TIMES_US[0] + 4_000_000,
        app="support-bot",
        first_turn=True,
        candidate_events=int(Event.INVALID_FORMAT),
        baseline_events=0,
        candidate_latency_us=910_000,
        baseline_latency_us=870_000,
        candidate_ttft_us=210_000,
        baseline_ttft_us=190_000,
        candidate_tokens_out=51,
        baseline_tokens_out=44,
        candidate_chars=230,
        baseline_chars=198,
    ),
)

SNAPSHOT = Snapshot(
    revision=12,
    issued_at_us=TIMES_US[0],
    project="shop",
    mac_key=KEY.hex(),
    pseudonym_key=KEY[::-1].hex(),
    pseudonym_key_id="k2",
    callers=(Caller(key_sha256="cd" * 32, name="web", apps=("support-bot",), may_pin=True),),
    endpoints={
        "openai": Endpoint(
            name="openai",
            base_url="https://api.example.com/v1",
            api_key_env="OPENAI_API_KEY",
            ca_file="ca.pem",
            shadow_api_key_env="OPENAI_SHADOW_KEY",
            breaker=BreakerRule(failures=20, share=0.9, window_s=30.0, open_s=2.0),
        )
    },
    versions={
        digest: Version(
            digest=digest,
            name=f"support-bot-2026-W47-{number}",
            behaviour="ef" * 32,
            endpoint="openai",
            model="gpt-x",
            messages=(Message(role="system", template="Ask {{ shop }}."),),
            variables={"shop": Variable(type="string", required=False, default="us", description="name")},
            parameters='"max_tokens":400,"temperature":0.2',
            caller_may_set=("max_tokens",),
        )
        for number, digest in enumerate(("ab" * 32, "ba" * 32), start=1)
    },
    apps={
        "support-bot": App(
            name="support-bot",
            live="ab" * 32,
            override="ba" * 32,
            release=Release(
                id=RELEASE_ID,
                salt="s1",
                candidate="ba" * 32,
                control="ab" * 32,
                ramp=RAMP[:3],
                serving=False,
                lease_s=10.0,
                forced=("eve",),
                mirror=Mirror(share=0.5, max_concurrency=8, max_cost_nano=2_000_000_000),
            ),
            unit="request",
            limits=Limits(connect_s=1.0, body_bytes=1024),
            format_rule=FormatRule(kind="json_object", required_keys=("answer",)),
            fallback_message="Please try again.",
            fallback_after_s=5.5,
            overdue_s=5.0,
            payload_share=0.25,
        )
    },
)
MINIMAL_SNAPSHOT = Snapshot(revision=1, issued_at_us=0, mac_key=KEY.hex(), pseudonym_key=KEY.hex())

ROLLUP = Rollup(
    host="h1",
    app="support-bot",
    release=RELEASE_ID,
    stratum=1,
    arm=1,
    version="ab" * 32,
    start_us=1_795_262_400_000_000,
    width_s=60,
    requests=12,
    events={1: 2, 4: 1},
    tokens_in=1200,
    tokens_out=480,
    cost_nano=31_500,
    latency=b"\x01\x02",
    ttft=b"\x03",
)

AUDIT_DRAFTS = (
    Draft(at_us=TIMES_US[0], actor="key_web", action=Action.RELEASE_STARTED, subject=RELEASE_ID, after="ab" * 32),
    Draft(
        at_us=TIMES_US[0] + 1,
        actor="tick",
        action=Action.TICK_ROLLED_BACK,
        subject=RELEASE_ID,
        before="ab" * 32,
        after="ba" * 32,
        reason="broken formats: 41 of 44 first ones are the candidate’s",
        evidence='{"candidate":41,"control":3}',
    ),
    Draft(at_us=TIMES_US[0] + 2, actor="key_web", action=Action.OVERRIDE_SET, subject="support-bot", reason="naïve"),
)

STAGED_RELEASE = release.Release(
    id=RELEASE_ID,
    app="support-bot",
    seq=5,
    state=State.PAUSED,
    candidate="ab" * 32,
    control="cd" * 32,
    salt="c2FsdA",
    plan=Plan(
        owner="ada@example.com",
        stages=(
            OfflineStage(name="offline", suites=("golden",)),
            ShadowStage(name="shadow"),
            ApprovalStage(name="sign-off", roles=("ml_lead", "ops_lead")),
            RolloutStage(
                name="wide",
                steps=(
                    Step(share=0.05, dwell_s=7200, min_units=200, require="non_inferior"),
                    Step(share=1.0, dwell_s=86_400),
                ),
            ),
        ),
        guardrails=(Guardrail(metric="call.error"),),
        limits=(Limit(metric="call.error", above=0.025),),
    ),
    created_at_us=TIMES_US[0],
    created_by="ada (00000001)",
    stage=3,
    attempts=(2, 1, 0, 0),
    shown={"call.error": (3, 4), "enrolled": (100, 98)},
    step=0,
    ramp=RAMP[:1],
    restarts=({},),
    hold=release.Hold(trigger="stage:0", reason="offline: error", at_us=TIMES_US[0]),
    reason="offline: error",
)
"""A release with all that stages add."""

RELEASE_BEFORE_STAGES = (
    '{"id":"rel_01a0000000007000800000000000beef","app":"support-bot","seq":2,"state":"running",'
    '"candidate":"c1","control":"b1","salt":"c2FsdA","plan":{"owner":"ada@example.com","steps":['
    '{"share":0.05,"dwell_s":60.0,"min_units":10},{"share":1.0,"dwell_s":60.0,"min_units":0}],'
    '"guardrails":[{"metric":"call.error","max_ratio":1.25,"design_ratio":2.0,"role":"guardrail","dry_run":false,'
    '"weight":1.0}],"limits":[],"alpha":0.01,"holdback":0.01,"lease_s":30.0,"freshness_s":60.0,'
    '"veto_deadline_s":1800.0},"created_at_us":7,"created_by":"ada","project":"default","step":0,'
    '"ramp":[{"revision":5,"step":0,"share":0.05}],"restarts":[{}],"hold":null,"rearmed":{},"final_revision":0,'
    '"reason":"started","assign_v":1,"stats_v":1}'
)
"""A release as it was stored before there were stages."""

FACTS = (
    Facts(attributes={}),
    Facts(attributes={"staff": True, "region": "eu-west", "seats": 12}, chars=40, messages=1),
    Facts(attributes={"staff": 1, "region": "us-east", "seats": "12"}, chars=400, messages=3, has_tools=True),
)
PREDICATES = (
    Condition(name="staff", values=(True,)),
    Condition(name="region", values=("eu-north", "eu-west")),
    Condition(name="region", op="prefix", values=("eu-", "ap-")),
    Condition(name="seats", op="at_least", values=(12,)),
    Condition(name="seats", op="above", values=(12.0,)),
    Condition(about="turn", name="chars", op="at_most", values=(40,)),
    Condition(about="turn", name="messages", op="below", values=(2,)),
    Condition(about="turn", name="has_tools", values=(False,)),
    Not(of=Condition(name="region", values=("us-east",))),
    AllOf(of=(Condition(name="staff", values=(True,)), Condition(name="seats", values=(12,)))),
    AnyOf(of=(Condition(name="staff", values=(1,)), Condition(name="region", values=("eu-west",)))),
)
POPULATIONS = (PREDICATES[0], PREDICATES[7])
POPULATED_SNAPSHOT = Snapshot(
    revision=2,
    issued_at_us=0,
    mac_key=KEY.hex(),
    pseudonym_key=KEY.hex(),
    apps={
        "bot": App(
            name="bot",
            unit="api_key",
            attributes=("header", "metadata"),
            release=Release(
                id=RELEASE_ID,
                salt="s1",
                candidate="ab" * 32,
                control="cd" * 32,
                ramp=RAMP[:2],
                forced=("acme",),
                populations=(PREDICATES[0], None),
            ),
        )
    },
)
CACHED_ANSWERS = (
    CachedAnswer(asked="how do i reset my password", answer="Open Settings.", version="ab" * 32, language="en"),
    CachedAnswer(
        asked="wie setze ich mein passwort zurück", answer="Unter Einstellungen.", version="ab" * 32, language="de"
    ),
    CachedAnswer(asked="what does the 12 month plan cost", answer="€ 99", version="cd" * 32),
    CachedAnswer(asked="hotel", answer="Yes.", version="ab" * 32, language="en"),
    CachedAnswer(asked="hotel", answer="Ja.", version="ab" * 32, language="de"),
)
QUESTIONS = (
    ("How do I reset my password?", ""),
    ("  “How  do I reset my password”…", "en"),
    ("how can I reset my password", ""),
    ("How do I reset my password?", "de"),
    ("WIE SETZE ICH MEIN PASSWORT ZURÜCK", "de"),
    ("What does the 12 month plan cost?", "fr"),
    ("What does the 24 month plan cost?", "fr"),
    ("What does the b12 month plan cost?", "fr"),
    ("So what does the １２ month plan cost?", "fr"),
    ("Hotel?", ""),
    ("Hotel?", "de"),
    ("xyz", ""),
)
CACHED_SNAPSHOT = Snapshot(
    revision=3,
    issued_at_us=0,
    mac_key=KEY.hex(),
    pseudonym_key=KEY.hex(),
    apps={
        "bot": App(
            name="bot",
            live="ab" * 32,
            fallback_message="One moment.",
            cached=AnswerCache(confidence=0.8, after_s=5.5, answers={"ef" * 32: CACHED_ANSWERS}),
            hand_off_message="A colleague will answer.",
            hand_off_json='{"answer":"A colleague will answer."}',
        )
    },
)
