"""What this machine would boot with, read from its files, each below a root that tests give."""
