"""Draw card.png and icon.png from card.svg and logo.svg, which they show: python tools/pictures.py."""

from io import BytesIO
from pathlib import Path

from find_chromium import find_chromium
from PIL import Image
from playwright.sync_api import sync_playwright

ASSETS = Path(__file__).parents[1] / "assets"
PICTURES = {"card": ("card", 1200, 630, 0), "icon": ("logo", 180, 180, 22)}  # drawing, size, margin


def main() -> None:
    """Draw each picture on white, with no more colours than it shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for name, (drawing, width, height, margin) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            svg = (ASSETS / f"{drawing}.svg").read_text("utf-8")
            page.set_content(f"<style>body {{ margin: {margin}px }} svg {{ display: block }}</style>{svg}")
            shown = Image.open(BytesIO(page.screenshot()))
            shown.convert("RGB").quantize(64).save(ASSETS / f"{name}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
