"""Rehearsal: the real decisions of a pipeline on simulated traffic and a virtual clock, thousands of releases long."""
