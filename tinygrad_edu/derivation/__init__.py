"""The derivation of a gradient, line by line: what `explain` returns.

expression.py   formulas that know how they are built, so that a rule can be printed
writing.py      formulas as text and as LaTeX; latex.py has LaTeX's names and numbers
rows.py         Row, Step and Derivation: the derivation as data, and its three formats
values.py       the derivation number by number
tensors.py      the derivation in the language of matrices
"""
