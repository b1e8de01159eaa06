"""Fukuhara et al. 2019: what a network looks at in Raman spectra."""
