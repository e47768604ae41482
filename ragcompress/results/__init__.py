"""What came out: the result and its views."""
