"""Where a gallery is kept and how it is searched."""
