"""The data plane: one process that takes calls, assigns them, relays them to upstreams and records them."""
