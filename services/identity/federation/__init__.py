"""Sign-in by a unit's own system: one adapter for each kind, behind the interface of `flow.py` (docs/adr/0014).

`kinds.py` lists the kinds and what each must be told; `http.py` is the only way out; nothing here knows the database.
"""
