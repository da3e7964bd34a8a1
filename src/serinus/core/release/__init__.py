"""A release: its plan, its states and the one table of transitions."""
