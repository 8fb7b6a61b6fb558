"""The readings of a graph: explained, drawn, stepped through, compiled.

What all of them share:

naming.py       what a node is called
layers.py       the networks in a graph, whose parts have names of their own
quantities.py   which Tensors of a graph have a name, also where only their Values tell how they are connected
formulas.py     how a node was computed, in terms of the nodes that have a name
order.py        a graph layer by layer
"""
