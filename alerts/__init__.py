"""Alerts: findings to help for a person."""
