"""A page as the tests read it: elements with their ancestors, and the name that assistive technology would say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    tag: str
    attrs: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        if self.tag == "br":
            return "\n"
        return "".join(child if isinstance(child, str) else child.text for child in self.children).strip(" \t")

    def ancestors(self) -> Iterator[Element]:
        if self.parent is not None:
            yield self.parent
            yield from self.parent.ancestors()

    def descendants(self, tag: str) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield from [child] if child.tag == tag else []
                yield from child.descendants(tag)


class Document(HTMLParser):
    """The elements of a page in their order. Raises where tags do not match: a half page is no page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.open = [Element("document", {})]
        self.feed(html)
        self.close()
        if len(self.open) != 1:
            raise ValueError(f"<{self.open[-1].tag}> is never closed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            raise ValueError(f"<{tag}> has an attribute twice: {names}")
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open[-1])
        self.open[-1].children.append(element)
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self.open[-1].tag != tag:
            raise ValueError(f"</{tag}> closes <{self.open[-1].tag}>")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    @property
    def text(self) -> str:
        return self.open[0].text

    def by_id(self, key: str) -> Element | None:
        return next((element for element in self.elements if element.attrs.get("id") == key), None)

    def inputs(self, name: str) -> list[Element]:
        return [e for e in self.all("input", "select", "textarea") if e.attrs.get("name") == name]

    def controls(self) -> list[Element]:
        """Everything that a person operates."""
        shown = (e for e in self.all("input", "select", "textarea", "button", "a") if e.attrs.get("type") != "hidden")
        return list(shown)

    def accessible_name(self, element: Element) -> str:
        """What a screen reader says: its label, in the order in which browsers look for it."""
        pointed = [self.by_id(key) for key in element.attrs.get("aria-labelledby", "").split()]
        labels = [e for e in self.all("label") if element.attrs.get("id") and e.attrs.get("for") == element.attrs["id"]]
        around = [e for e in element.ancestors() if e.tag == "label"]
        own = [element] if element.tag in ("button", "a") else []
        names = [*(e.text for e in pointed if e), element.attrs.get("aria-label", "")]
        return next((name for name in [*names, *(e.text for e in [*labels, *around, *own])] if name.strip()), "").strip()

    def value(self, name: str) -> str:
        """What a browser would send for this input if nobody touched it."""
        for element in self.inputs(name):
            if element.tag == "textarea":
                return "".join(child for child in element.children if isinstance(child, str)).removeprefix("\n")
            if element.tag == "select":
                options = [e for e in self.all("option") if element in e.ancestors()]
                return next((e.attrs.get("value", "") for e in options if "selected" in e.attrs), "")
            if element.attrs.get("type") not in ("radio", "checkbox") or "checked" in element.attrs:
                return element.attrs.get("value", "on" if element.attrs.get("type") else "")
        return ""

    def is_disabled(self, element: Element) -> bool:
        return any("disabled" in e.attrs for e in (element, *element.ancestors()) if e is element or e.tag == "fieldset")
