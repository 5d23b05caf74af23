"""The gate: PASS, HOLD or ROLLBACK, from counts. See docs/rules/gate.md."""
