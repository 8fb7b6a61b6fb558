"""The picture of the laboratory in README, by Chromium: python tests/screenshot.py

It writes examples/pictures/laboratory.png.
"""

import subprocess
import sys
import tempfile
from base64 import b64decode
from pathlib import Path

from browser import Browser

ROOT = Path(__file__).parents[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "laboratory.html"
        subprocess.run([sys.executable, str(ROOT / "examples" / "laboratory.py"), str(page)], check=True)
        browser = Browser()
        size = {"width": 1280, "height": 690, "deviceScaleFactor": 1.5, "mobile": False}
        browser.call("Emulation.setDeviceMetricsOverride", **size)
        browser.open(f"{page.as_uri()}#open=change")
        browser.run("change(0, 0.9)")  # another w
        picture = browser.call("Page.captureScreenshot")["data"]
        browser.close()
    (ROOT / "examples" / "pictures" / "laboratory.png").write_bytes(b64decode(picture))


if __name__ == "__main__":
    main()
