"""Online statistics by time."""
