"""The readings of a graph: explained, drawn, stepped through, compiled, set as an exercise, trained.

What all of them share:

subject.py        a result, checked once, with what the readings find in its graph
naming.py         what a node is called
layers.py         the order of a graph, and the networks in it, whose parts have names of their own
tensor_graph.py   the graph of Tensors, also where only their Values tell how they are connected
quantities.py     which Tensors of a graph have a name and a line
formulas.py       how a node was computed, in terms of the nodes that have a name
matrices.py       the formula of a Tensor, and what it passes on to its inputs, from the page of matrix calculus
backward.py       the formula of ∂L/∂q for every named Tensor q
frame.py          a page inside a notebook
"""
