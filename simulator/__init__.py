"""Runs that never took place, with the truth about them: for trying, for demonstrating, and for scoring detectors.

Pure: chance comes from the seed alone, and nothing here knows a detector.
"""
