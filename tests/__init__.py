"""Tests read as sentences about the domain."""
