"""The pure heart of Serinus: values and functions without I/O, clock, randomness or framework."""
