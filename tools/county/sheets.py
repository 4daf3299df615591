"""Tables as partners keep them: CSV, and workbooks of the two kinds, each the same bytes for the same cells."""

import csv
import datetime
import io
import zipfile
from xml.sax.saxutils import escape

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org"
RELATIONS = f"{OFFICE}/package/2006/relationships"
DOCUMENT = f"{OFFICE}/officeDocument/2006/relationships"
MAIN = f"{OFFICE}/spreadsheetml/2006/main"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
OASIS = "urn:oasis:names:tc:opendocument:xmlns"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
EPOCH = datetime.date(1899, 12, 30)  # Of the day numbers of workbooks.


def write_csv(path, rows, delimiter=",", encoding="utf-8"):
    """Rows of texts as CSV, lines ended as a Windows machine does."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def write_parts(path, parts):
    """A zip archive of (name, text); the first is stored as it is, as OpenDocument wants its type."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, text) in enumerate(parts):
            part = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            part.compress_type = zipfile.ZIP_STORED if number == 0 else zipfile.ZIP_DEFLATED
            archive.writestr(part, text)


def xlsx_cell(column, row, value):
    """One cell; a tuple is a formula that was never calculated."""
    place = f'r="{chr(ord("A") + column)}{row}"'
    if isinstance(value, tuple):
        return f"<c {place}><f>{escape(value[0])}</f></c>"
    if isinstance(value, bool):
        return f'<c {place} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.date):
        return f'<c {place} s="1"><v>{(value - EPOCH).days}</v></c>'
    if isinstance(value, (int, float)):
        return f"<c {place}><v>{value!r}</v></c>"
    return f'<c {place} t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def write_xlsx(path, sheet, rows):
    """A workbook with one sheet; None leaves a cell empty."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = [xlsx_cell(column, number, value) for column, value in enumerate(row) if value is not None]
        if cells:
            lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    parts = "".join(f'<Override PartName="/xl/{name}.xml" ContentType="{TYPES}.{kind}+xml"/>'
                    for name, kind in (("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("styles", "styles")))
    write_parts(path, [
        ("[Content_Types].xml",
         f'{HEAD}<Types xmlns="{OFFICE}/package/2006/content-types"><Default Extension="rels" '
         f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{parts}</Types>'),
        ("_rels/.rels",
         f'{HEAD}<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{DOCUMENT}/officeDocument" '
         'Target="xl/workbook.xml"/></Relationships>'),
        ("xl/workbook.xml",
         f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets><sheet name="{escape(sheet)}" sheetId="1" '
         'r:id="rId1"/></sheets></workbook>'),
        ("xl/_rels/workbook.xml.rels",
         f'{HEAD}<Relationships xmlns="{RELATIONS}">'
         f'<Relationship Id="rId1" Type="{DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>'
         f'<Relationship Id="rId2" Type="{DOCUMENT}/styles" Target="styles.xml"/></Relationships>'),
        ("xl/styles.xml",
         f'{HEAD}<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" '
         'applyNumberFormat="1"/></cellXfs></styleSheet>'),
        ("xl/worksheets/sheet1.xml",
         f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'),
    ])


def ods_cell(value):
    """One cell of an OpenDocument table."""
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, datetime.date):
        day = f"<text:p>{value:%d/%m/%Y}</text:p>"
        return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}">{day}</table:table-cell>'
    return f'<table:table-cell office:value-type="string"><text:p>{escape(str(value))}</text:p></table:table-cell>'


def write_ods(path, sheet, rows):
    """An OpenDocument spreadsheet with one table; None leaves a cell empty."""
    lines = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    spaces = " ".join(f'xmlns:{name}="{OASIS}:{name}:1.0"' for name in ("office", "table", "text"))
    write_parts(path, [
        ("mimetype", ODS),
        ("content.xml",
         f'{HEAD}<office:document-content {spaces} office:version="1.3"><office:body><office:spreadsheet>'
         f'<table:table table:name="{escape(sheet)}">{lines}</table:table></office:spreadsheet></office:body>'
         "</office:document-content>"),
        ("META-INF/manifest.xml",
         f'{HEAD}<manifest:manifest xmlns:manifest="{OASIS}:manifest:1.0" manifest:version="1.3"><manifest:file-entry '
         f'manifest:full-path="/" manifest:media-type="{ODS}"/><manifest:file-entry manifest:full-path="content.xml" '
         'manifest:media-type="text/xml"/></manifest:manifest>'),
    ])
