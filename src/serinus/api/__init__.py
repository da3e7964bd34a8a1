"""The HTTP API under `/api/v1`: a thin face over the use-cases in `control`."""
