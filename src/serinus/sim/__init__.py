"""The simulated provider and the simulated traffic: Serinus without a key, and with known truth."""
