"""The simulated runner in parts: what happens on a run, how a body answers, and the noise between."""
