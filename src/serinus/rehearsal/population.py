"""The users of one release, ordered by their point in [0, 1), so that each arm is a slice of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from serinus.core.pipeline.plan import Plan
from serinus.core.routing.assignment import control_from
from serinus.rehearsal.scenario import Traffic

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]
Bools = npt.NDArray[np.bool_]


class Population(NamedTuple):
    """Users in the order of `point`. `reach[i]` is the share of all traffic that the first i of them make; `segment`
    is uniform: a user belongs to every segment larger than it; `proneness` multiplies a user's chances (mean 1);
    `stratum` is the first step whose slices hold the user, −1 if none up to ½ does. `guide` shortens the way to who
    makes a part of the traffic (indexed search, Chen & Asau 1974)."""

    point: Floats
    reach: Floats
    segment: Floats
    proneness: Floats
    stratum: Ints
    guide: Ints

    def at(self, places: Floats) -> Ints:
        """Who makes the traffic at these places in [0, 1): the last user whose `reach` is not above it."""
        found = self.guide[(places * len(self.guide)).astype(np.int64)]
        while len(short := np.flatnonzero(self.reach[found + 1] <= places)):
            found[short] += 1
        return found

    def slices(self, share: float) -> tuple[int, int]:
        """The candidate's users are those before the first index, the control's those from the second on
        (`routing.assignment.slice_of`)."""
        low = int(np.searchsorted(self.point, share, side="left"))
        return low, int(np.searchsorted(self.point, control_from(share), side="left"))


def populate(rng: np.random.Generator, traffic: Traffic, plan: Plan) -> Population:
    """Users with points as uniform as the salted hash makes them, and heavy-tailed activity."""
    point = np.sort(rng.random(traffic.users))
    activity = np.exp(traffic.tail * rng.standard_normal(traffic.users))
    reach = np.concatenate(([0.0], np.cumsum(activity)))
    reach = reach / reach[-1]
    proneness = np.ones(traffic.users)
    if traffic.spread > 0:
        shape = traffic.spread**-2
        proneness = rng.gamma(shape, 1 / shape, traffic.users)
    return Population(
        point=point,
        reach=reach,
        segment=rng.random(traffic.users),
        proneness=proneness,
        stratum=_strata(point, plan),
        guide=np.searchsorted(reach, np.arange(2 * traffic.users) / (2 * traffic.users), side="right") - 1,
    )


def firsts(users: Ints, of: int) -> Ints:
    """Where each user stands for the first time, in the order of the users; `of` is how many there are."""
    if len(users) < of // 8:
        return np.asarray(np.unique(users, return_index=True)[1])
    # Of several values for one place the last one stays.
    first = np.full(of, -1)
    first[users[::-1]] = np.arange(len(users) - 1, -1, -1)
    return first[first >= 0]


def _strata(point: Floats, plan: Plan) -> Ints:
    stratum = np.full(len(point), -1, dtype=np.int64)
    for step in reversed(range(len(plan.steps))):
        share = plan.candidate_share(step)
        if not plan.is_watch(step):
            stratum[(point < share) | (point >= control_from(share))] = step
    return stratum
