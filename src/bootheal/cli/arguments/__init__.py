"""What each command may be told on the command line: one `Command` each, and what they share."""
