"""The console: what product managers and the people on call see, as pages that work without JavaScript."""
