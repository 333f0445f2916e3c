"""Routes, by resource; bodies of a few lines."""
