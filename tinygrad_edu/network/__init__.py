"""Tensors, and networks made of them: modules, losses, optimisers, files, checks."""
