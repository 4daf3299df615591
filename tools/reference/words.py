"""What both pages share: Markdown, and codes in words."""
import textwrap


def md(text):
    """Text that may stand in a cell or a line of Markdown."""
    for c in "\\|*<":
        text = text.replace(c, "\\" + c)
    return text


def words(code, prefix=""):
    """"SOURCE_FAMILY_CLINICAL_OUTCOME" -> "clinical outcome"."""
    return code.removeprefix(prefix).replace("_", " ").lower()


def wrapped(text, first="", rest=""):
    """Lines of at most 120 columns."""
    return textwrap.wrap(text, 119, initial_indent=first, subsequent_indent=rest, break_long_words=False,
                         break_on_hyphens=False)


def table(head, rows):
    """A Markdown table; cells are Markdown already."""
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(row) + " |" for row in rows]
