"""Which rows of a file name a subject that stood above, across its batches."""

import polars as pl


class Repeated:
    """Remembers the subjects of sound rows: some 60 bytes each, which a set of Python objects would multiply."""

    def __init__(self, key: tuple[str, ...]) -> None:
        self._key = list(key)
        self._seen: pl.DataFrame | None = None

    def find(self, rows: pl.DataFrame) -> list[tuple[int, int]]:
        """Line and first line of every row whose subject was there before; the others are remembered."""
        subjects = rows.select(*self._key, "line")
        firsts = subjects.group_by(self._key, maintain_order=True).agg(pl.col("line").first().alias("first"))
        earlier = self._earlier(firsts)
        new = firsts.join(earlier, on=self._key, how="anti", maintain_order="left")
        self._seen = new if self._seen is None else pl.concat([self._seen, new], rechunk=False)
        known = pl.concat([earlier, new])
        again = subjects.join(known, on=self._key, how="inner").filter(pl.col("line") != pl.col("first")).sort("line")
        return list(again.select("line", "first").iter_rows())

    def _earlier(self, firsts: pl.DataFrame) -> pl.DataFrame:
        if self._seen is None:
            return firsts.clear()
        return self._seen.join(firsts.select(self._key), on=self._key, how="semi")
