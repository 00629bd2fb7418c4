"""What Lighthouse says of the built book on a phone, as the median of three visits: `make lighthouse`."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from compressed import server
from tables import table

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tools"))

from find_chromium import find_chromium  # noqa: E402

BOOK = ROOT / "_build" / "html"
LIGHTHOUSE = Path(__file__).with_suffix("") / "node_modules" / "lighthouse"
PAGES = {
    "Home": "book/index.html",
    "Prose": "book/how_to_use.html",
    "Chapter 3, with its explorer": "notebooks/03_from_a1_to_b1.html",
    "The library": "book/api/attention.html",
}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TIMES = {
    "first-contentful-paint": "first paint, s",
    "largest-contentful-paint": "largest paint, s",
    "total-blocking-time": "blocked, s",
}
ABOUT = """# Lighthouse

Made by `make lighthouse` with {versions}.
Its mobile preset (a slow phone on slow 4G, simulated), the book served compressed, medians of {runs} visits.
Performance depends on the machine and on what else it does; the other three do not.

{table}
{misses}
"""


@contextmanager
def served(folder: Path):
    """Serve a folder on this machine, and give its address."""
    with server(folder) as host:
        Thread(target=host.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{host.server_port}/"
        host.shutdown()


def visit(url: str) -> dict[str, Any]:
    """Let Lighthouse visit a page once, and give its report."""
    flags = "--headless=new --disable-gpu" + (" --no-sandbox" if os.geteuid() == 0 else "")
    command = [
        shutil.which("node") or "node",
        LIGHTHOUSE / "cli" / "index.js",
        url,
        "--quiet",
        "--output=json",
    ]
    command += [f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={flags}"]
    environment = os.environ | {"CHROME_PATH": find_chromium()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Lighthouse could not visit {url}:\n{done.stderr}")
    return json.loads(done.stdout)


def row(name: str, reports: list[dict[str, Any]]) -> list[str]:
    """Give a page's line of the table."""
    scores = [median(one["categories"][kind]["score"] for one in reports) for kind in CATEGORIES]
    times = [median(_number(one, kind) for one in reports) / 1000 for kind in TIMES]
    moved, size = (
        median(_number(one, kind) for one in reports)
        for kind in ("cumulative-layout-shift", "total-byte-weight")
    )
    return [
        name,
        *(f"{100 * x:.0f}" for x in scores),
        *(f"{x:.1f}" for x in times),
        f"{moved:.3f}",
        f"{size / 1000:.0f}",
    ]


def _number(report: dict[str, Any], audit: str) -> float:
    return report["audits"][audit]["numericValue"]


def misses(name: str, report: dict[str, Any]) -> Iterable[str]:
    """Say which audits cost a page points, performance apart."""
    for kind in CATEGORIES[1:]:
        for one in report["categories"][kind]["auditRefs"]:
            audit = report["audits"][one["id"]]
            if one["weight"] and audit["score"] is not None and audit["score"] < 1:
                yield f"* {name}, {kind}: {audit['title']}"


def main() -> None:
    """Visit every page and write lighthouse.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often each page is visited")
    runs = parser.parse_args().runs
    with served(BOOK) as address:
        reports = {name: [visit(address + page) for _ in range(runs)] for name, page in PAGES.items()}
    head = ["", *CATEGORIES, *TIMES.values(), "moved", "KB"]
    found = [line for name, all_of_it in reports.items() for line in misses(name, all_of_it[0])]
    page = ABOUT.format(
        versions=_versions(reports["Home"][0]),
        runs=runs,
        table=table(head, (row(*one) for one in reports.items())),
        misses="\n".join(found) or "No audit of the other three fails on any of these pages.",
    )
    Path(__file__).with_suffix(".md").write_text(page, "utf-8")
    print(page)


def _versions(report: dict[str, Any]) -> str:
    browser = report["environment"]["hostUserAgent"].partition("Chrome/")[2].partition(" ")[0]
    machine = f"{os.cpu_count()} cores, {platform.machine()}"
    return f"Lighthouse {report['lighthouseVersion']}, Chromium {browser} on {machine}"


if __name__ == "__main__":
    main()
