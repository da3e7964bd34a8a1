"""Notices: what is told, to whom, when it is tried again, and when silence escalates. All of it pure."""
