"""Charts of a release: series out of rollups, and the Vega-Lite specifications that draw them."""
