"""The analyses that the paper needs, as pages and files: the trial dashboard, its figures and its tables."""
