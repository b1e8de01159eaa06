"""Guo et al. 2020: a network with a fire module names minerals of RRUFF."""
