"""The readings of a graph: explained, drawn, stepped through, compiled, set as an exercise, trained.

What all of them share:

subject.py        a result, checked once, with what the readings find in its graph
naming.py         what a node is called
layers.py         the order of a graph, and the networks in it, whose parts have names of their own
tensor_graph.py   the graph of Tensors, also where only their Values tell how they are connected
quantities.py     which Tensors of a graph have a name and a line, and the formulas of these and of their gradients
formulas.py       how a node was computed, in terms of the nodes that have a name, and what it passes on to its inputs
frame.py          a page inside a notebook
"""
