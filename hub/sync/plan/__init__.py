"""Planning: what would be written where, as a pure function of what the hub knows."""
