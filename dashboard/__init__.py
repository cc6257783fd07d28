"""Dashboard: pages for the runner, the coach and the day after."""
