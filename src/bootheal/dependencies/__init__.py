"""What else must serve first, and what is asked for in the end.

`dependency` waits for any server by a probe; `hook` asks somebody to do something, once a boot; `flux` is what is known
of Flux for it.
"""
