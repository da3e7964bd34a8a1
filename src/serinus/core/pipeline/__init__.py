"""The policy of an app's releases, as values."""
