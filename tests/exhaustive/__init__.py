"""Every story that the rules allow, explored: abstract states, the real rules, breadth first."""
