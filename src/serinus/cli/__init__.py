"""The command line: `serinus`. Commands talk to the API, or start processes through `bootstrap`."""
