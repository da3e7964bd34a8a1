"""What the page after an act says; the address names the act, never a text."""

from __future__ import annotations

DONE = {
    "approve": "Your approval is recorded.",
    "reject": "The candidate is refused.",
    "resume": "The release goes on.",
    "pause": "The release is paused.",
    "rerun": "The stage is being measured again.",
    "abort": "The release is being aborted: everybody is on the baseline.",
    "rollback": "The release is rolling back: everybody is on the baseline.",
    "pin": "All traffic is pinned.",
    "unpin": "The pin is cleared.",
    "release": "The release has started, or waits to be.",
    "freeze": "All releases are frozen.",
    "unfreeze": "Releases go on.",
    "suspect": "The suspicion is raised.",
    "pattern": "The pattern is reported to the red team.",
    "confirm_violation": "The violation is confirmed: everybody is on the baseline.",
    "dismiss": "The suspicion is dismissed. The release goes on once somebody resumes it.",
    "review": "The review is recorded. The release goes on once somebody resumes it.",
    "propose_answer": "The answer is proposed. Nobody is told it before somebody approves it.",
    "approve_answer": "The answer is approved: gateways have it in a moment.",
    "remove_answer": "The answer is taken out.",
    "confirm_incident": "It is noted that you look into it.",
    "note_incident": "It is noted.",
    "count_incident": "It is counted.",
    "sign_incident": "Your signature is recorded.",
    "close_incident": "The incident is closed.",
    "acknowledge": "The notice is acknowledged.",
}
