"""What a book that knows its public address says of it: canonical links, a sitemap, robots.txt.

The address is `html.baseurl` in _config.yml, or BOOK_ADDRESS in the environment, as the workflow that
publishes the book sets it. A book without one is built all the same, and has none of these.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from sphinx.application import Sphinx
from sphinx.config import Config

VARIABLE = "BOOK_ADDRESS"
SITEMAP = "sitemap.xml"
_SCHEMA = "http://www.sitemaps.org/schemas/sitemap/0.9"


def folder(address: str) -> str:
    """Where on its host the book begins.

    >>> folder("https://example.org/course/"), folder("https://example.org"), folder("")
    ('/course/', '/', '/')
    """
    return urlsplit(address).path.rstrip("/") + "/"


def sitemap(addresses: list[str]) -> bytes:
    """List pages as search engines read them.

    >>> sitemap(["https://example.org/a.html"]).decode().splitlines()[1][-57:]
    '<url><loc>https://example.org/a.html</loc></url></urlset>'
    """
    root = ElementTree.Element("urlset", xmlns=_SCHEMA)
    for address in addresses:
        ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc").text = address
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _take_address(app: Sphinx, config: Config) -> None:
    address = os.environ.get(VARIABLE, config.html_baseurl)
    config.html_baseurl = f"{address.rstrip('/')}/" if address else ""


def _tell_search_engines(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.name != "html":
        return
    base, site, robots = app.config.html_baseurl, Path(app.outdir, SITEMAP), Path(app.outdir, "robots.txt")
    for old in (site, robots):
        old.unlink(missing_ok=True)
    if base:
        site.write_bytes(sitemap([base + app.builder.get_target_uri(page) for page in sorted(app.env.found_docs)]))
    if base and folder(base) == "/":  # a host has one robots.txt, at its root
        robots.write_text(f"User-agent: *\nAllow: /\nSitemap: {base}{SITEMAP}\n", "utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("config-inited", _take_address, priority=0)
    app.connect("build-finished", _tell_search_engines)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
