"""`serinus demo`: a good candidate climbs, a bad one is rolled back, in real processes on this machine."""
