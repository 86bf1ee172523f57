"""Who may do what, as one table (``policy.py``), walked over every address of the application."""
