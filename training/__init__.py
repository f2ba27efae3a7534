"""What all trainings share: reading rows, cleaning, splitting, runs, the training loop, publishing. Knows no Django."""
