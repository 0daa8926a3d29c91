"""What files claim of themselves, read in confinement."""
