"""Collector: sensors to facts."""
