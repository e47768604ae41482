"""The labeller as it runs: probabilities for the words of passages, given a question."""
