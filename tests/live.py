"""JupyterLab and Notebook 7 with a kernel, used as a reader does: type a cell, run it, look."""

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager

import nbformat
from playwright.sync_api import expect

# Each notebook in a workspace of its own, or JupyterLab would open the others beside it.
APPLICATIONS = {"JupyterLab": "lab/workspaces/{name}/tree", "Notebook 7": "notebooks"}
PATIENCE = 60_000  # milliseconds; a busy machine is no failure
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
EMPTY = nbformat.writes(
    nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL}, cells=[nbformat.v4.new_code_cell()])
)
expect.set_options(timeout=PATIENCE)
# Before it has a kernel the notebook calls itself idle too.
READY = '.jp-Toolbar:has(.jp-Toolbar-kernelName:has-text("Python 3")) [data-status="idle"]'
# The first control of each kind, in its explorer.
KINDS = """root => {
  const kind = one => one.tagName + one.type + one.className + one.getAttribute("role");
  const all = [...root.querySelectorAll("a[href], button, input, summary, [tabindex]")]
    .filter(one => one.checkVisibility() && one.tabIndex >= 0);
  return [...new Map(all.reverse().map(one => [kind(one), one])).values()];
}"""
# Whether each number in the explorer's tables is one of these.
SHOWS = """([root, numbers]) => [...root.querySelectorAll(".tx-sr td")]
  .map(cell => parseFloat(cell.textContent.replace("−", "-").replace("∞", "Infinity")))
  .filter(x => !Number.isNaN(x)) // words
  .every(x => numbers.some(y => x === y || Math.abs(x - y) < 5.1e-5))"""


@contextmanager
def jupyter(home):
    """Serve `home/work` with nobody's settings; gives that folder, the address and its token."""
    (home / "work").mkdir()
    own = {f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(home / name) for name in ("SETTINGS", "WORKSPACES")}
    own |= {"IPYTHONDIR": str(home / "ipython")}
    command = f"{sys.executable} -m jupyterlab --no-browser --allow-root --ServerApp.port=0"
    with subprocess.Popen(
        [*command.split(), f"--ServerApp.root_dir={home / 'work'}"],
        env=os.environ | own,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        log = server.stderr
        found = (re.search(r"(http://127\.0\.0\.1:\d+)/lab\?token=(\w+)", line) for line in log)
        address, token = next(filter(None, found)).groups()
        threading.Thread(target=log.read, daemon=True).start()  # a full pipe would stop the server
        try:
            yield home / "work", address, token
        finally:
            server.terminate()


class Application:
    """JupyterLab or Notebook 7, as visits to a server see it."""

    def __init__(self, name, server, visit):
        self.name, self.visit, self.visits = name, visit, []
        self.folder, self.address, self.token = server

    def open(self, name, text):
        """Write a notebook under a name of its own and open it."""
        path = self.folder / f"{name} in {self.name}.ipynb"
        path.write_text(text, "utf-8")
        self.visits.append(self.visit())
        place = APPLICATIONS[self.name].format(name=name)
        return Notebook(self.visits[-1], f"{self.address}/{place}/{path.name}?token={self.token}", path)

    def faults(self):
        return [fault for one in self.visits for fault in one.errors + one.foreign]

    def close(self):
        for one in self.visits:
            one.context.close()


class Notebook:
    """A notebook in the browser, with its kernel."""

    def __init__(self, seen, url, path):
        self.page, self.path = seen.page, path
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(url)
        self.page.wait_for_selector(READY)
        self.cells = self.page.locator(".jp-Notebook .jp-Cell")
        seen.errors.clear()  # those of the application itself as it starts

    def cell(self, text):
        return self.page.locator(".jp-Notebook .jp-CodeCell", has_text=text)

    def write(self, text, code):
        """Replace the code of the cell that has this text."""
        self.cell(text).scroll_into_view_if_needed()  # out of view it is not laid out
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(code)

    def run_all(self):
        for item in ("Run", "Run All Cells"):
            self.page.get_by_role("menuitem", name=item, exact=True).click()
        prompts = self.page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt")
        expect(prompts.first).to_have_text(re.compile(r"\[\d+\]"))
        expect(prompts.filter(has_text="[*]")).to_have_count(0)

    def save(self):
        with self.page.expect_response(lambda answer: answer.request.method == "PUT"):
            self.page.keyboard.press("ControlOrMeta+s")

    def run(self, code):
        """Type into the last cell and run it, which adds an empty one below; gives its output."""
        cell = self.cells.nth(self.cells.count() - 1)
        cell.locator(".cm-content").click()
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Shift+Enter")
        cell.locator(".jp-InputPrompt", has_text=re.compile(r"\d")).wait_for()
        return cell.locator(".jp-OutputArea-output")

    def mode(self):
        """What a stray key would change: the number of cells, the chosen one, editing or not."""
        return self.page.evaluate(
            """() => {
              const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell")];
              return [cells.length, cells.findIndex(one => one.matches(".jp-mod-active")),
                document.querySelector(".jp-Notebook").matches(".jp-mod-commandMode")];
            }"""
        )


SHOW = """
import json, ipywidgets
from transformer_lib import explorers

explorer = explorers.{name}()
known = ipywidgets.Label()


def tell(_=None):
    known.value = json.dumps({{name: getattr(explorer, name) for name in {traits}}})


explorer.observe(tell, {traits})
tell()
display(explorer, known)
"""


class Live:
    """One explorer in a notebook; below it stands what Python knows of its state."""

    def __init__(self, notebook, name, traits):
        self.notebook, self.page = notebook, notebook.page
        output = notebook.run(SHOW.format(name=name, traits=traits))
        self.root = output.locator(".tx")
        self.known = output.locator(".widget-label")
        self.root.wait_for()

    def reset(self):
        self.root.get_by_role("button", name="Reset").click()

    def shows(self, numbers):
        """Wait until the page shows these numbers and no others."""
        self.page.wait_for_function(SHOWS, arg=[self.root.element_handle(), numbers])

    def open_details(self):
        self.root.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")

    def leaks(self, keys):
        """Press the keys in each kind of control; name those from which they reach the notebook."""
        self.open_details()
        controls = self.root.evaluate_handle(KINDS).get_properties().values()
        return [str(one) for one in controls if self._leaks(one.as_element(), keys)]

    def _leaks(self, control, keys):
        control.focus()
        before = self.notebook.mode()
        for key in keys:
            self.page.keyboard.press(key)
        inside = self.root.evaluate("root => root.contains(document.activeElement)")
        return not inside or self.notebook.mode() != before
