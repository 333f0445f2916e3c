"""Adopting a policy document: what its structure names and the registry lacks is made; what is there is left alone.

Everything is looked for first. Without `making` the same steps only tell what they would do, which is the preview.
"""
