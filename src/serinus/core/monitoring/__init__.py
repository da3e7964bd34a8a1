"""Monitors: what a reading is, how it is weighed, and which level it comes to. All of it pure."""
