"""Each explorer on its page, in a real browser with the network cut: what it shows is the library's."""

import json
import re
from urllib.parse import quote, unquote

import pytest
from test_explorers import ALL, states

from transformer_lib.explorers.base import WEB

pytestmark = pytest.mark.book

PAGE = {
    "SoftmaxBars": "notebooks/00_start_here.html",
    "WhoSeesWhom": "notebooks/01_why_attention.html",
    "QueryPlane": "notebooks/02_query_key_value.html",
    "A1ToB1": "notebooks/03_from_a1_to_b1.html",
    "AttentionGrid": "notebooks/04_all_at_once.html",
    "RowsAndColumns": "notebooks/05_matrix_form.html",
    "ScalingScores": "notebooks/06_scaled_dot_product.html",
    "TwoHeads": "notebooks/07_multi_head.html",
    "PositionDials": "notebooks/08_positions.html",
    "MaskPainter": "notebooks/09_masks_and_decoding.html",
    "SharedFFN": "notebooks/10_feed_forward.html",
    "ResidualAndNorm": "notebooks/11_residual_and_layernorm.html",
    "ThreeAttentions": "notebooks/12_encoder_decoder.html",
    "MaskSwitcher": "notebooks/14_variants.html",
    "CostCalculator": "notebooks/15_making_it_fast.html",
    "RecordedTraining": "notebooks/13_machine_translation.html",
    "HeadGallery": "notebooks/16_looking_inside.html",
}
# Its numbers can be typed only after one choice.
BEFORE_TYPING = {"PositionDials": {"kind": "rope"}}
TYPED = [one for one in ALL if re.search("number(Input|Grid)", (WEB / f"{one.script}.js").read_text("utf-8"))]
each_explorer = pytest.mark.parametrize("explorer", ALL, ids=lambda one: one.__name__)


def name_of(explorer):
    return explorer.script.replace("_", "-")


class Shown:
    """One explorer as it stands on the page."""

    def __init__(self, seen, address, explorer, state=None):
        self.explorer, self.seen = explorer, seen
        fragment = f"#{name_of(explorer)}={quote(json.dumps(state))}" if state else ""
        page = seen.open(address + PAGE[explorer.__name__] + fragment)
        self.root = page.locator(f'[data-explorer="{name_of(explorer)}"]').first
        self.settle()

    def settle(self):
        self.seen.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def state(self):
        return json.loads(unquote(self.root.locator(".tx-link").get_attribute("href").split("=", 1)[1]))

    def says(self):
        return self.root.locator(".tx-says").inner_text()

    def cells(self):
        """Every number of the hidden tables."""
        return [x for text in self.root.locator(".tx-sr td").all_text_contents() for x in number(text)]

    def library_numbers(self):
        """Every number that the library computes for the state shown."""
        return flat(self.explorer(**self.state()).numbers())


def number(text):
    """The number in a cell, as a list; a cell of words holds none."""
    try:
        return [float(text.replace("−", "-").replace("∞", "inf"))]
    except ValueError:
        return []


def flat(value):
    if isinstance(value, dict):
        return [x for entry in value.values() for x in flat(entry)]
    if isinstance(value, list | tuple):
        return [x for entry in value for x in flat(entry)]
    return [value] if isinstance(value, int | float) else []


def assert_shows_the_librarys_numbers(shown):
    cells, numbers = shown.cells(), shown.library_numbers()

    strangers = [x for x in cells if not any(x == y or abs(x - y) < 5.1e-5 for y in numbers)]

    assert len(cells) >= 3
    assert strangers == []
    assert shown.seen.errors == []


def test_every_explorer_has_its_page():
    assert {explorer.__name__ for explorer in ALL} == set(PAGE)


@each_explorer
def test_it_shows_the_librarys_numbers_and_says_them_in_words(explorer, visit, address):
    shown = Shown(visit(), address, explorer)

    assert shown.root.is_visible()
    assert len(shown.says()) > 20
    assert_shows_the_librarys_numbers(shown)


@each_explorer
@pytest.mark.parametrize("which", [1, 2, 3])
def test_a_link_opens_it_in_that_state(explorer, which, visit, address):
    state = states(explorer)[which]

    shown = Shown(visit(), address, explorer, state)

    assert shown.state() == pytest.approx(state) if not nested(state) else shown.state() == state
    assert_shows_the_librarys_numbers(shown)


def nested(state):
    return any(not isinstance(value, int | float) for value in state.values())


@each_explorer
@pytest.mark.parametrize(
    "broken", ["{", '{"a": 1}', "[[[", '{"scores": "x"}', '{"q": [null, 1]}', '{"step": 1e9}', "[1]", "{}"]
)
def test_a_broken_link_leaves_it_whole(explorer, broken, visit, address):
    seen = visit()
    page = seen.open(f"{address}{PAGE[explorer.__name__]}#{name_of(explorer)}={quote(broken)}")

    root = page.locator(f'[data-explorer="{name_of(explorer)}"]').first

    assert root.is_visible()
    assert seen.errors == []


@each_explorer
def test_the_keyboard_changes_it(explorer, visit, address):
    shown = Shown(visit(), address, explorer)
    before = shown.state()
    control = shown.root.locator(
        'input[type=range]:visible, .tx-number:visible, [tabindex="0"]:visible'
    ).first

    control.focus()
    control.press("ArrowLeft")
    control.press("ArrowDown")
    control.press("ArrowDown")
    shown.settle()

    assert shown.state() != before
    assert_shows_the_librarys_numbers(shown)


@each_explorer
def test_reset_goes_back(explorer, visit, address):
    shown = Shown(visit(), address, explorer)
    start = shown.state()
    control = shown.root.locator(
        'input[type=range]:visible, .tx-number:visible, [tabindex="0"]:visible'
    ).first
    control.focus()
    control.press("ArrowDown")

    shown.root.get_by_role("button", name="Reset").click()
    shown.settle()

    assert shown.state() == start


@each_explorer
def test_every_choice_and_checkbox_changes_it(explorer, visit, address):
    shown = Shown(visit(), address, explorer)
    for control in shown.root.locator("input[type=radio]:visible, input[type=checkbox]:visible").all():
        control.check() if control.get_attribute("type") == "radio" else control.click()
        shown.settle()
        assert_shows_the_librarys_numbers(shown)


@pytest.mark.parametrize("explorer", TYPED, ids=lambda one: one.__name__)
def test_a_typed_number_is_used_and_nonsense_is_not(explorer, visit, address):
    shown = Shown(visit(), address, explorer, BEFORE_TYPING.get(explorer.__name__))
    shown.root.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    boxes = shown.root.locator('.tx-number[aria-valuemin^="-"]')  # not those for whole numbers

    boxes.first.fill("1.5")
    shown.settle()
    typed = shown.state()
    assert "1.5" in json.dumps(typed)
    assert_shows_the_librarys_numbers(shown)

    boxes.first.fill("−1/4")
    shown.settle()
    assert "-0.25" in json.dumps(shown.state())
    assert_shows_the_librarys_numbers(shown)

    boxes.first.fill("1,5")
    boxes.first.fill("")
    boxes.first.fill("1e9")
    shown.settle()
    assert shown.state() == typed
    boxes.first.blur()
    assert boxes.first.input_value() == "1.5"


@each_explorer
def test_no_control_is_smaller_than_a_fingertip(explorer, visit, address):
    shown = Shown(visit(width=360), address, explorer)

    small = shown.root.locator("button:visible, .tx-number:visible, summary:visible").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 24).map(one => one.outerHTML)"
    )

    assert small == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["q", "k", "v", "b"])
def test_a_number_reads_on_its_cell_over_the_whole_ramp(theme, colour, visit, address):
    shown = Shown(visit(theme=theme), address, ALL[0])

    worst = shown.root.evaluate(CONTRAST, colour)

    assert worst >= 4.5


CONTRAST = """(root, colour) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.innerHTML = '<rect class="tx-cell" width="9" height="9"/><text>0</text>';
  root.append(svg);
  const [cell, text] = svg.children, canvas = document.createElement("canvas").getContext("2d");
  cell.style.setProperty("--tx-fill", `var(--tx-${colour})`);
  cell.style.transition = "none";
  const light = (paint) => {
    canvas.fillStyle = paint;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((x) => x / 255)
      .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrasts = Array.from({ length: 21 }, (_, i) => {
    cell.style.setProperty("--k", i / 20);
    const pair = [light(getComputedStyle(cell).fill), light(getComputedStyle(text).fill)];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  });
  svg.remove();
  return Math.min(...contrasts);
}"""
