"""The sync engine.  merge, plan and guards decide (pure); engine, pull, linking, apply and recover carry out."""
