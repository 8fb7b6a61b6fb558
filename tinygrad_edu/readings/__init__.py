"""The readings of a graph: explained, drawn, stepped through, compiled."""
