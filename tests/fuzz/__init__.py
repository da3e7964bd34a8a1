"""Fuzz targets: run one with `python -m tests.fuzz.wire --minutes 10 [--seed N]`."""
