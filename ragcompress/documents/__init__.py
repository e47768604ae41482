"""Files of many kinds into passages."""
