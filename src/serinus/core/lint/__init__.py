"""The plan linter: what a plan would see in an app's own traffic, before a release starts (statistics 7)."""
