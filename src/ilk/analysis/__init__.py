"""What can be learnt of a whole gallery: labels, and how well it is searched."""
