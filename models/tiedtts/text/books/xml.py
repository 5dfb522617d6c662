"""XML that is not believed: no entity of its own grows, nothing is fetched, nothing nests without an end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from tiedtts.errors import TextError

DEEPEST = 200
MOST_ELEMENTS = 200_000


@dataclass(slots=True)
class Element:
    """An element; names are without their spaces."""

    name: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text in it and in what is in it, with single spaces."""
        return " ".join("".join(self._parts()).split())

    def _parts(self) -> Iterator[str]:
        yield from self.texts
        for child in self.children:
            yield " "
            yield from child._parts()

    def all(self, name: str) -> Iterator["Element"]:
        """Yield the elements of a name in it, at any depth, in order."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.all(name)

    def first(self, name: str) -> "Element | None":
        """Return the first element of a name in it, at any depth."""
        return next(self.all(name), None)

    def own(self, name: str) -> Iterator["Element"]:
        """Yield its children of a name."""
        return (child for child in self.children if child.name == name)


def parse(data: bytes, name: str) -> Element:
    """Return the root of a document.

    Args:
        data: All of it.
        name: For messages.

    Raises:
        TextError: It is not well-formed, has entities of its own, or too much in it.
    """
    root = Element("", {})
    stack = [root]
    count = 0
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > DEEPEST or count > MOST_ELEMENTS:
            raise TextError(f"{name} has too many elements, or nested too deeply")
        element = Element(_bare(tag), {_bare(key): value for key, value in attributes.items()})
        stack[-1].children.append(element)
        stack.append(element)

    def refuse(*_: object) -> None:
        raise TextError(f"{name} declares entities of its own, which are not read")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: stack.pop()
    parser.CharacterDataHandler = lambda text: stack[-1].texts.append(text)
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise TextError(f"{name} is not well-formed: {expat.ErrorString(error.code)}") from error
    except (ValueError, LookupError) as error:
        raise TextError(f"{name} cannot be read: {error}") from error
    return root


def _bare(name: str) -> str:
    """Return a name without the space of names before it, but for types of EPUB."""
    return name if name == "epub:type" else name.rpartition(":")[2]
