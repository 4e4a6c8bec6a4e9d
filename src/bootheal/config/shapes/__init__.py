"""What a text must look like to be a name, a host, a URL or a path.

Each function returns the text, or says in words what it should be. The rules are those of whoever will read it: RFC
1123 for hosts, Kubernetes' own for its names. Regular expressions are for editors, which get them with the schema.
"""
