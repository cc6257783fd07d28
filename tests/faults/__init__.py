"""What becomes of a race day when its parts are killed: ``python -m tests.faults`` plays it and prints it."""
