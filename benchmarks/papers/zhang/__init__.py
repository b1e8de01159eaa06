"""Zhang et al. 2020: class activation maps beside PLS-LDA and its VIP."""
