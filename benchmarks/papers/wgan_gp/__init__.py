"""Augmentation with WGAN-GP: a poster without figures, put to the test."""
