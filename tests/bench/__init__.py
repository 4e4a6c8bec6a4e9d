"""What `scripts/bench` measures: one module a part, each turning one run on this machine into rows."""
