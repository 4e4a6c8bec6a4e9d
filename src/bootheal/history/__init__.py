"""What is kept of the last boots, and what they tell together. Pure: an adapter keeps it on disk."""
