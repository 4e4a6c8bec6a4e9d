"""The controllers and the scheduler. They know objects only, and nothing of processes or HTTP."""
