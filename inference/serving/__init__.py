"""What the transformers engine is made of: loading, sizing, sampling and the two loops. Only workers import it."""
