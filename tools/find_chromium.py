"""Print where Chromium or Chrome is on this machine, or say how to get it."""

import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str:
    """Give the browser's path, or exit with what to install."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    sys.exit(
        "The browser tests need Chromium or Chrome on the PATH, and none is there.\n"
        "Debian and Ubuntu: sudo apt-get install chromium. macOS: brew install --cask chromium."
    )


if __name__ == "__main__":
    print(find_chromium())
