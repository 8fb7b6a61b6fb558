"""How things are written: numbers, names and formulas, on paper and in code."""
