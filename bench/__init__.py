"""Measures a running stack against its own engine. Run it with `make bench`; docs/bench.md tells how it measures."""
