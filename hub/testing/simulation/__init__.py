"""The deterministic simulator: the real engine, mappings and store against systems, users and faults made from one seed.

``python -m hub.testing.simulation --seeds 200`` plays worlds, ``--exhaustive`` puts one fault at every step of named
scenarios, ``--break NAME`` switches a known design fault on to see that it is caught.  See docs/reliability.md.
"""
