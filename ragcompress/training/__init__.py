"""What makes weights; torch lives here, and nothing at run time imports it."""
