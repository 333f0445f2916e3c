"""Reads a page as a browser would, to check what every page owes: balanced tags, one id each, named controls."""

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SVG_SELF = {"rect", "circle", "path", "use"}


class Page(HTMLParser):
    """A parsed page: `elements` as (tag, attributes), `faults` as sentences."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self._words: list[str] = []
        self.feed(text)
        self.close()
        if self._open:
            self.faults.append(f"never closed: {self._open}")
        self.check()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]} at {self.getpos()}")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if "script" not in self._open:
            self._words.append(data)

    def having(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """The attributes of every such element (`data_x` for `data-x`)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]

    def check(self) -> None:
        ids = [a["id"] for _, a in self.elements if "id" in a]
        self.faults += [f"id twice: {one}" for one in sorted({i for i in ids if ids.count(i) > 1})]
        labelled = {a["for"] for tag, a in self.elements if tag == "label" and "for" in a}
        self.faults += [f"label for nothing: {one}" for one in sorted(labelled - set(ids))]
        for tag, a in self.elements:
            if any(name == "style" or name.startswith(("on", "hx-on")) for name in a):
                self.faults.append(f"inline style or handler on <{tag}>: {a}")
            if tag == "script" and not a.get("src") and a.get("type") != "application/json":
                self.faults.append("inline script")
            if tag == "img" and "alt" not in a:
                self.faults.append("image without alt")
            for name in ("aria-describedby", "aria-labelledby", "aria-controls"):
                missing = set(a.get(name, "").split()) - set(ids)
                if missing and a.get("id") != "dialog":  # its title arrives with its content
                    self.faults.append(f"{name} names nothing: {missing}")
            named = a.get("id") in labelled or "aria-label" in a or a.get("type") in ("hidden", "radio", "checkbox")
            if tag in ("input", "select", "textarea") and not named:
                self.faults.append(f"control without a name: {a}")
