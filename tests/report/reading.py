"""A page as a reader and a browser meet it."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    """What a reader sees, what a browser would fetch, and whether the tags close."""

    VOID = frozenset({"meta", "img", "br", "col", "link", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href"):
                self.fetched.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)


def read(page: str) -> Reader:
    """Read a page whose tags all close."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader
