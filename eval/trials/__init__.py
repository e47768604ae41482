"""What trust is measured by: inputs tried, faults injected, kills survived, histories checked; see `parts.parts`."""
