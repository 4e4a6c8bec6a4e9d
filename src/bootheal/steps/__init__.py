"""One file a step. A step knows the world's ports and the rules of health, never another step."""
