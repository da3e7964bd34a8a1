"""How releases are judged, here and elsewhere: simulated releases, rivals from their documentation, one table."""
