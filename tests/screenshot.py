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
        size = {"width": 1180, "height": 700, "deviceScaleFactor": 1.5, "mobile": False}
        browser.call("Emulation.setDeviceMetricsOverride", **size)
        browser.open(f"{page.as_uri()}#10&0=0.9")  # at step 10, with another w
        browser.run("byId('laboratory').open = true")
        for _ in range(5):
            browser.click("#one")
        browser.run("byId('laboratory').scrollTop = 0")
        picture = browser.call("Page.captureScreenshot")["data"]
        browser.close()
    (ROOT / "examples" / "pictures" / "laboratory.png").write_bytes(b64decode(picture))


if __name__ == "__main__":
    main()
