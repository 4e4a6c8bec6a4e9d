"""A pooler as its step knows it.

`facts` is what each pod says of itself, `files` what lies in it, `settings` what is not as declared,
`actions` what may be done, `rules` when it is not enough to wait. The order of it all is the step's.
"""
