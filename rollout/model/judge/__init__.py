"""May this domain rise now? Soak, prerequisites, latch, checklist, drill, approval and the gate, asked in one order."""
