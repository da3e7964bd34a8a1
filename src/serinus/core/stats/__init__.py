"""Sequential statistics on sufficient statistics: pure functions, log space, stored integers in."""
