"""Judging answers: cases, scorers, judges, comparisons, gates. Pure."""
