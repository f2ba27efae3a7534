"""Dialogues that the demonstration model learns from: tables and wordings under ``data/``, and their generator."""
