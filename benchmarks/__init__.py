"""nnlib side by side with scikit-learn and PyTorch, and with the limit: ``make bench``."""
