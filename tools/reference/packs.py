"""Policy packs as they stand in deploy/policies: the part of YAML that they use, strictly read, every value as text.

Block and flow maps and lists, plain and double-quoted scalars, anchors, aliases and comments. Whatever else YAML has is
an error that names the line, so that nothing is ever read otherwise than the service reads it.
"""
import re

KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*):(?: +|$)")
ANCHOR = re.compile(r"&([A-Za-z_][A-Za-z0-9_]*)(?: +|$)")
ALIAS = re.compile(r"\*([A-Za-z_][A-Za-z0-9_]*)")
PLAIN = re.compile(r"[^,\[\]{}\"]+")
ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "/": "/"}


class Wrong(ValueError):
    """What the file holds is not YAML, or more of it than is read here."""


def without_comment(line):
    """The line without its comment and without space at its end."""
    quoted = False
    for at, c in enumerate(line):
        if c == '"' and line[at - 1:at] != "\\":
            quoted = not quoted
        elif c == "#" and not quoted and (at == 0 or line[at - 1] == " "):
            return line[:at].rstrip()
    return line.rstrip()


class Reader:
    def __init__(self, source, name):
        self.name = name
        self.lines = []  # (number, indent, text)
        self.anchors = {}
        self.at = 0
        for number, raw in enumerate(source.splitlines(), start=1):
            if "\t" in raw:
                raise Wrong(f"{name}:{number}: a tab")
            line = without_comment(raw)
            if line:
                self.lines.append((number, len(line) - len(line.lstrip(" ")), line.lstrip(" ")))

    def wrong(self, why, number=None):
        if number is None:
            number = self.lines[min(self.at, len(self.lines) - 1)][0] if self.lines else 0
        return Wrong(f"{self.name}:{number}: {why}")

    def read(self):
        value = self.block(0)
        if self.at < len(self.lines):
            raise self.wrong("another indentation than the lines above")
        return value

    def here(self, indent):
        """The text of the present line when it stands at this indentation, else None."""
        if self.at < len(self.lines) and self.lines[self.at][1] == indent:
            return self.lines[self.at][2]
        return None

    def block(self, indent):
        content = self.here(indent)
        if content is None:
            raise self.wrong("a value is missing, or is indented otherwise")
        return self.sequence(indent) if content.startswith("-") else self.mapping(indent)

    def below(self, indent, in_map):
        """The block that belongs to a line at `indent`; a list may stand at the indentation of its key."""
        if self.at < len(self.lines):
            _, deeper, content = self.lines[self.at]
            if deeper > indent or (in_map and deeper == indent and content.startswith("-")):
                return self.block(deeper)
        raise self.wrong("a value is missing")

    def mapping(self, indent):
        found = {}
        while (content := self.here(indent)) is not None:
            key = KEY.match(content)
            if not key:
                raise self.wrong("not `key: value`")
            if key.group(1) in found:
                raise self.wrong(f"`{key.group(1)}` stands twice")
            found[key.group(1)] = self.value(content[key.end():], indent, in_map=True)
        return found

    def sequence(self, indent):
        found = []
        while (content := self.here(indent)) is not None:
            if not re.match(r"-(?: |$)", content):
                raise self.wrong("not an item of the list above")
            rest = content[1:].lstrip(" ")
            if KEY.match(rest):  # A map begins on the line of its dash.
                number, _, _ = self.lines[self.at]
                deeper = indent + len(content) - len(rest)
                self.lines[self.at] = (number, deeper, rest)
                found.append(self.mapping(deeper))
            else:
                found.append(self.value(rest, indent, in_map=False))
        return found

    def value(self, rest, indent, in_map):
        """What stands behind a key or a dash, on this line or below it; moves on to the next line."""
        anchor = ANCHOR.match(rest)
        if anchor:
            rest = rest[anchor.end():]
        if rest:
            value = Inline(self, rest).whole()
            self.at += 1
        else:
            self.at += 1
            value = self.below(indent, in_map)
        if anchor:
            self.anchors[anchor.group(1)] = value
        return value


class Inline:
    """A value on one line."""

    def __init__(self, reader, line):
        self.reader = reader
        self.line = line
        self.at = 0

    def whole(self):
        if self.line[0] not in '"{[*':
            if re.search(r": |^[&*!|>%@`'?\-]", self.line):
                raise self.reader.wrong("a scalar that must be quoted, or a form that is not read here")
            return self.line
        value = self.value()
        if self.at != len(self.line):
            raise self.reader.wrong("something stands behind the value")
        return value

    def skip(self, what=" "):
        while self.line[self.at:self.at + 1] == what:
            self.at += 1

    def take(self, c):
        self.skip()
        if self.line[self.at:self.at + 1] != c:
            return False
        self.at += 1
        self.skip()
        return True

    def value(self):
        self.skip()
        anchor = ANCHOR.match(self.line, self.at)
        if anchor:
            self.at = anchor.end()
        value = self.bare()
        if anchor:
            self.reader.anchors[anchor.group(1)] = value
        return value

    def bare(self):
        if self.take("{"):
            return self.flow_map()
        if self.take("["):
            return self.flow_list()
        if self.line[self.at:self.at + 1] == '"':
            return self.quoted()
        alias = ALIAS.match(self.line, self.at)
        if alias:
            self.at = alias.end()
            if alias.group(1) not in self.reader.anchors:
                raise self.reader.wrong(f"*{alias.group(1)} is not defined above")
            return self.reader.anchors[alias.group(1)]
        plain = PLAIN.match(self.line, self.at)
        word = plain.group(0).strip() if plain else ""
        if not word or ": " in word or word[0] in "&*!|>%@`'?":
            raise self.reader.wrong("a value is missing, or a form that is not read here")
        self.at = plain.end()
        return word

    def flow_map(self):
        found = {}
        while not self.take("}"):
            key = KEY.match(self.line, self.at)
            if not key or key.group(1) in found:
                raise self.reader.wrong("not `key: value`, or a key twice")
            self.at = key.end()
            found[key.group(1)] = self.value()
            self.between("}")
        return found

    def flow_list(self):
        found = []
        while not self.take("]"):
            found.append(self.value())
            self.between("]")
        return found

    def between(self, closing):
        if not self.take(",") and self.line[self.at:self.at + 1] != closing:
            raise self.reader.wrong(f"neither , nor {closing}")

    def quoted(self):
        self.at += 1
        out = ""
        while self.at < len(self.line):
            c = self.line[self.at]
            self.at += 1
            if c == '"':
                return out
            if c == "\\":
                if self.line[self.at:self.at + 1] not in ESCAPES:
                    raise self.reader.wrong("an escape that is not read here")
                c = ESCAPES[self.line[self.at]]
                self.at += 1
            out += c
        raise self.reader.wrong("a quotation mark is missing")


def check_keys(value, message, schema, place):
    """Raises Wrong where a key is not a field of the message."""
    fields = {field.name: field for field in schema.messages[message].fields}
    for key, inner in value.items():
        if key not in fields:
            raise Wrong(f"{place}: there is no `{key}` in {message}")
        field = fields[key]
        if field.type != "message" or field.is_map:
            continue
        for part in inner if field.repeated else [inner]:
            check_keys(part, field.refers_to, schema, f"{place}.{key}")


def read_pack(path, schema):
    """One pack as maps, lists and texts."""
    pack = Reader(path.read_text(encoding="utf-8"), path.name).read()
    check_keys(pack, "PolicyPack", schema, path.name)
    return pack
