"""Detectors: one a file; settings given, state handed over."""
