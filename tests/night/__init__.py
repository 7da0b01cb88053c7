"""Every rig again and again with new seeds, for a night."""
