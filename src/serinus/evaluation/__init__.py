"""Use-cases of evaluation: ask versions the cases of a suite, score the answers, say what a gate came to."""
