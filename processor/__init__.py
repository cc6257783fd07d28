"""Processor: facts to findings."""
