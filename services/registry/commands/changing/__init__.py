"""Change sets: what an import or a bulk edit would do is worked out, shown, applied, and can be undone.

`adapter.py` says what a kind of thing (members, …) must be able to do; the rest works for every kind.
"""
