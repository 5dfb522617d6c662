"""Books in EPUB for tests, small ones with whatever books have."""

import io
import zipfile
from collections.abc import Mapping

CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
OPF = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Kettle &amp; I</dc:title>
<dc:creator>Ada Smith</dc:creator><dc:date>1903-05-01</dc:date><meta name="cover" content="pic"/></metadata>
<manifest><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="pic" href="img/cover.png" media-type="image/png"/>
<item id="a" href="text/a%20page.xhtml" media-type="application/xhtml+xml"/>
<item id="b" href="text/b.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="text/c.xhtml" media-type="application/xhtml+xml"/>
<item id="x" href="text/x.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine toc="ncx"><itemref idref="a"/><itemref idref="x" linear="no"/><itemref idref="b"/><itemref idref="c"/></spine></package>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>
<nav epub:type="landmarks"><ol><li><a href="text/x.xhtml">X</a></li></ol></nav>
<nav epub:type="toc"><ol><li><a href="text/b.xhtml">The  Fire</a><ol><li><a href="text/b.xhtml#s">A section</a></li></ol></li>
<li><span>Part Two</span><ol><li><a href="text/b.xhtml#two">Water</a></li><li><a href="text/c.xhtml">Steam</a></li></ol></li>
</ol></nav></body></html>"""
NCX = """<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>
<navPoint id="1"><navLabel><text>Fire</text></navLabel><content src="text/b.xhtml"/></navPoint>
<navPoint id="2"><navLabel><text>Steam</text></navLabel><content src="text/c.xhtml"/></navPoint></navMap></ncx>"""
PAGE = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body>{}</body></html>'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
FILES: Mapping[str, bytes] = {
    "mimetype": b"application/epub+zip",
    "META-INF/container.xml": CONTAINER.encode(),
    "OEBPS/book.opf": OPF.encode(),
    "OEBPS/nav.xhtml": NAV.encode(),
    "OEBPS/toc.ncx": NCX.encode(),
    "OEBPS/img/cover.png": PNG,
    "OEBPS/text/a page.xhtml": PAGE.format("<p>For my cat.</p>").encode(),
    "OEBPS/text/b.xhtml": PAGE.format(
        "<h1>The Fire</h1><p>It burns<sup><a href='#n'>1</a></sup>.</p><h3 id='s'>A section</h3><p>More.</p>"
        "<div><h2><a id='two'></a>II</h2><p>It is wet.</p></div>"
    ).encode(),
    "OEBPS/text/c.xhtml": PAGE.format("<p>It rises.</p><img src='x.png' alt=''/>").encode(),
    "OEBPS/text/x.xhtml": PAGE.format("<p>Not read.</p>").encode(),
}


def epub(changes: Mapping[str, bytes | None] | None = None) -> bytes:
    """Return a book; files that are changed to nothing are left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**FILES, **(changes or {})}.items():
            if data is not None:
                archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()
