"""What `check` asks about a configuration, step by step: does all exist, and is all allowed?"""
