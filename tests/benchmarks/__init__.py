"""The benchmark's gates that need no clock, and the benchmark itself."""
