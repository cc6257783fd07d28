"""Scoring detectors honestly: sensitivity before the onset, false alarms per hour, and what each costs the other."""
