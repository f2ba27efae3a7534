"""Trains and measures the judge. Serving never imports it."""
