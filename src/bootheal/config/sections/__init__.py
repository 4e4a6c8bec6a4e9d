"""One file a section of bootheal.yaml, called as its key is; `login` and `probe` are what stands in several.

Each says what may be written (its fields; each description says what, unit and default, for editors and the manual
page, too), what does not go together (`problems`), and what it becomes (`step`, `steps`, or `build` for a value).
"""
