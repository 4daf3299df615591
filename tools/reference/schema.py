"""The schema as protoc describes it: messages and fields with our options, code lists, comments."""
import dataclasses
import pathlib
import re
import subprocess
import tempfile

REPEATED = 3
SCALARS = {1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 11: "message",
           12: "bytes", 13: "uint32", 14: "enum"}


@dataclasses.dataclass
class Value:
    """One value of a code list."""
    name: str
    number: int
    comment: str


@dataclasses.dataclass
class Enum:
    name: str  # As cited: "Theme", "RegistrationChanged.Status".
    file: str
    comment: str
    values: list


@dataclasses.dataclass
class Field:
    name: str
    number: int
    type: str  # One of SCALARS' values.
    refers_to: str  # Of a message or an enum: its name as cited.
    repeated: bool
    is_map: bool
    comment: str
    options: dict  # Our options by name: required, personal, unit, kind ...


@dataclasses.dataclass
class Message:
    name: str
    file: str
    comment: str
    fields: list


def wire(data):
    """Yields (field number, value) of a serialised message: an int, or bytes."""
    at = 0

    def varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = varint() if kind == 2 else {1: 8, 5: 4}[kind]
        yield key >> 3, data[at:at + size]
        at += size


def members(data):
    """The fields of a serialised message: number -> list of values."""
    found = {}
    for number, value in wire(data):
        found.setdefault(number, []).append(value)
    return found


def one(found, number, default=b""):
    return found.get(number, [default])[-1]


def text(found, number):
    return one(found, number).decode()


def signed(number):
    return number - (1 << 64) if number >> 63 else number


def packed(data):
    """Numbers of a packed repeated field."""
    numbers, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    return tuple(numbers)


def comments_of(file):
    """path -> the comment at that element: what stands above it, else behind it."""
    found = {}
    for info in file.get(9, []):
        for location in members(info).get(1, []):
            parts = members(location)
            said = text(parts, 3) or text(parts, 4)
            if said:
                found[packed(one(parts, 1))] = " ".join(said.split())
    return found


class Schema:
    """All messages and code lists of one package, by the name they are cited with."""

    def __init__(self, descriptor_set, package):
        self.prefix = f".{package}."
        self.messages = {}
        self.enums = {}
        self.codes = {}  # Lists whose codes are texts: name -> [(code, meaning)].
        self.extensions = {}  # number -> (name, type, type name)
        self._file = ""  # Being read, with the comments in it.
        self._comments = {}
        self._raw_options = []
        files = [members(file) for file in members(descriptor_set)[1]]
        for file in files:
            self._read_extensions(file)
        for file in files:
            if text(file, 2) == package:
                self._read_file(file)
        for field, raw in self._raw_options:
            field.options = self._options(raw)

    @staticmethod
    def load(root, protos, package="trigpoint.v1"):
        """Runs protoc over files below root/proto."""
        with tempfile.TemporaryDirectory() as scratch:
            out = pathlib.Path(scratch) / "schema"
            subprocess.run(["protoc", "-I", str(root / "proto"), "--include_imports", "--include_source_info",
                            f"--descriptor_set_out={out}", *protos], check=True)
            schema = Schema(out.read_bytes(), package)
        table = (root / "libs/events/src/code_lists.cc").read_text(encoding="utf-8")
        for name, code, meaning in re.findall(r'\{"([^"]+)",\s*"([^"]+)",\s*"([^"]+)"\},', table):
            schema.codes.setdefault(name, []).append((code, meaning))
        return schema

    def cited(self, full_name):
        """".trigpoint.v1.Event" -> "Event"; names of other packages stay whole."""
        return full_name[len(self.prefix):] if full_name.startswith(self.prefix) else full_name.lstrip(".")

    def _read_extensions(self, file):
        for data in file.get(7, []):
            extension = members(data)
            kind = SCALARS[one(extension, 5, 0)]
            self.extensions[one(extension, 3, 0)] = (text(extension, 1), kind, text(extension, 6))

    def _read_file(self, file):
        self._file = text(file, 1)
        self._comments = comments_of(file)
        for i, data in enumerate(file.get(4, [])):
            self._read_message(data, "", (4, i))
        for i, data in enumerate(file.get(5, [])):
            self._read_enum(data, "", (5, i))

    def _read_message(self, data, outer, path):
        parts = members(data)
        name = outer + text(parts, 1)
        for i, nested in enumerate(parts.get(4, [])):
            self._read_enum(nested, name + ".", path + (4, i))
        maps = set()
        for i, nested in enumerate(parts.get(3, [])):
            if one(members(one(members(nested), 7)), 7, 0):  # MessageOptions.map_entry
                maps.add(f"{self.prefix}{name}.{text(members(nested), 1)}")
            else:
                self._read_message(nested, name + ".", path + (3, i))
        fields = []
        for i, raw in enumerate(parts.get(2, [])):
            field = members(raw)
            refers_to = text(field, 6)
            fields.append(Field(
                name=text(field, 1), number=one(field, 3, 0), type=SCALARS[one(field, 5, 0)],
                refers_to=self.cited(refers_to), repeated=one(field, 4, 0) == REPEATED, is_map=refers_to in maps,
                comment=self._comments.get(path + (2, i), ""), options={}))
            self._raw_options.append((fields[-1], one(field, 8)))
        self.messages[name] = Message(name, self._file, self._comments.get(path, ""), fields)

    def _read_enum(self, data, outer, path):
        parts = members(data)
        values = []
        for i, raw in enumerate(parts.get(2, [])):
            value = members(raw)
            values.append(Value(text(value, 1), signed(one(value, 2, 0)), self._comments.get(path + (2, i), "")))
        name = outer + text(parts, 1)
        self.enums[name] = Enum(name, self._file, self._comments.get(path, ""), values)

    def _options(self, raw):
        options = {}
        for number, value in wire(raw):
            if number in self.extensions:
                name, kind, refers_to = self.extensions[number]
                options[name] = self._plain(value, kind, self.cited(refers_to))
        return options

    def _plain(self, value, kind, refers_to):
        """An option's value: text, bool, number, name of a code, or a dict."""
        if kind == "string":
            return value.decode()
        if kind == "bool":
            return bool(value)
        if kind == "enum":
            return next(v.name for v in self.enums[refers_to].values if v.number == value)
        if kind == "message":
            fields = {field.number: field for field in self.messages[refers_to].fields}
            return {fields[number].name: self._plain(inner, fields[number].type, fields[number].refers_to)
                    for number, inner in wire(value)}
        return value
