"""Which arm serves a unit: assignment, conversations, and the routing snapshot that workers follow."""
