"""A browser for the tests: Chromium without a window, told what to do through a pipe.

It speaks the DevTools protocol, JSON ended by a zero byte, on its file descriptors 3 and 4.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

POSIX = sys.platform != "win32"  # only there is a file descriptor 3
CHROMIUM = POSIX and (shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome"))
OPTIONS = [
    "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,720",
    "--renderer-process-limit=1", "--disable-features=BackForwardCache",  # a page left is gone, the next in its process
]  # fmt: skip
KEYS = {
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35, "Tab": 9, " ": 32,
    "Enter": 13, "Escape": 27,
}  # fmt: skip
MODIFIERS = {"Alt": 1, "Shift": 8}
KNOWN_WORK = """(() => {
    const xs = Array.from({ length: 20000 }, (_, k) => ({ k, x: Math.sin(k) }));
    xs.sort((a, b) => a.x - b.x);
    return JSON.stringify(xs).length + new Map(xs.map(({ k, x }) => [String(x), k])).size;
})()"""
KNOWN_MILLISECONDS = 12  # where nothing else runs


class Browser:
    """One page. `problems` collects what its console says and what its Content-Security-Policy refuses."""

    def __init__(self):
        import fcntl

        self.problems = []
        self._loaded = set()
        self._received = b""
        self._calls = 0
        self._session = None
        self._home = tempfile.mkdtemp()
        ours = [*os.pipe(), *os.pipe()]
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in ours]  # out of the way of 3 and 4
        for fd in ours:
            os.close(fd)
        its_input, self._out, self._in, its_output = high

        def connect():
            os.dup2(its_input, 3)
            os.dup2(its_output, 4)

        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={self._home}", "about:blank"]
        self._process = subprocess.Popen(
            command, close_fds=False, preexec_fn=connect, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(its_input)
        os.close(its_output)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def close(self):
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)
        shutil.rmtree(self._home, ignore_errors=True)

    def call(self, method, **params):
        """Send a command and wait for its answer."""
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._calls:
            self._note(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, address, scheme="light", motion="reduce"):
        """Open a page, and wait until it is there."""
        features = [("prefers-color-scheme", scheme), ("prefers-reduced-motion", motion)]
        self.call("Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in features])
        file, *fragment = address.partition("#")  # a new fragment alone would load nothing, but a new query does
        loader = self.call("Page.navigate", url=f"{file}?{self._calls}{''.join(fragment)}")["loaderId"]
        while loader not in self._loaded:  # that document, and no other
            self._note(self._next())

    def follow(self, script):
        """Run what leads to another page, and wait until that is there."""
        self._loaded.clear()
        self.run(script)
        while not self._loaded:
            self._note(self._next())

    def run(self, script):
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def milliseconds(self, script):
        """How long the page's thread works on an expression: script, style, layout and painting, but no waiting.

        What else the machine does makes all work slower, so it is compared with a piece of work whose time is known:
        the least of three times.
        """
        self.call("Performance.enable", timeDomain="threadTicks")
        self.run(script)  # until it is compiled
        found, known = [], self._worked(KNOWN_WORK)
        for _ in range(3):
            time, after = self._worked(script), self._worked(KNOWN_WORK)
            found.append(time / ((known + after) / 2 / KNOWN_MILLISECONDS))
            known = after
        return min(found)

    def _worked(self, script):
        """The milliseconds of the processor, for an expression and what is drawn after it."""

        def total():
            metrics = self.call("Performance.getMetrics")["metrics"]
            return 1000 * next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

        before = total()
        self.run(script)
        return total() - before

    def press(self, key, modifier=None):
        """A key down and up."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        code = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": KEYS[key]}
        code["modifiers"] = MODIFIERS.get(modifier, 0)
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **code)
        self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    def click(self, selector):
        """A click in the middle of an element."""
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def middle(self, selector):
        """Where the middle of an element is."""
        return self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({ block: 'nearest' }); const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )

    def drag(self, selector, across):
        """The mouse goes down on the middle of an element, so many pixels to the right, and up."""
        x, y = self.middle(selector)
        for kind, to in (("mousePressed", x), ("mouseMoved", x + across), ("mouseReleased", x + across)):
            self.call("Input.dispatchMouseEvent", type=kind, x=to, y=y, button="left", buttons=1, clickCount=1)

    def type(self, text):
        """Text into what has the focus."""
        self.call("Input.insertText", text=text)

    def wait(self, script, seconds=10):
        """Until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, script
            time.sleep(0.01)

    def _next(self):
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._in], [], [], 30)
            assert ready, "the browser does not answer"
            part = os.read(self._in, 1 << 16)
            assert part, "the browser is gone"
            self._received += part
        message, _, self._received = self._received.partition(b"\0")
        return json.loads(message)

    def _note(self, event):
        match event.get("method"):
            case "Page.lifecycleEvent" if event["params"]["name"] == "load":
                self._loaded.add(event["params"]["loaderId"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded":
                self.problems.append(event["params"])
