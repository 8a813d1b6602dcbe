"""Every lab: its parts agree, each control moves it, errors are told, nothing leaks."""

import asyncio
import inspect
import io
import re
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import matplotlib.style
import numpy as np
import pytest
from PIL import Image

from nnlib import explorers, plots
from nnlib.explorers import Lab, Picture, Table, controls
from nnlib.explorers.png import png

LABS = sorted(set(explorers.__all__) - {"Lab", "Picture", "Table"})


def make(name: str, **start: Any) -> Lab:
    lab = getattr(explorers, name)(**start)
    assert isinstance(lab, Lab)
    return lab


def pixels(lab: Lab) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(lab.picture.widget.value)).convert("RGB"))


def extremes(control: Any) -> list[Any]:
    """Return the least, the middle and the greatest value that a reader can choose."""
    if isinstance(control, widgets.Checkbox):
        return [False, True]
    if isinstance(control, widgets.Dropdown):
        return list(control.options)
    if isinstance(control, widgets.SelectionSlider):
        values = [option[1] for option in control.options]
        return [values[0], values[len(values) // 2], values[-1]]
    if isinstance(control, widgets.FloatSlider):
        return [control.min, (control.min + control.max) / 2, control.max]
    if hasattr(control, "max"):
        return [control.min, (control.min + control.max) // 2, control.max]
    return list(control.sweep)  # a control of a lab's own says what its test should try


def wholly_finite(result: Any) -> bool:
    """Tell whether no number of a result is NaN."""
    if isinstance(result, np.ndarray):
        return result.dtype.kind != "f" or not np.isnan(result).any()
    if isinstance(result, float):
        return result == result
    if hasattr(result, "__dataclass_fields__"):
        return all(wholly_finite(getattr(result, key)) for key in result.__dataclass_fields__)
    return True


# The contract, lab by lab


@pytest.mark.parametrize("name", LABS)
def test_the_parts_of_a_lab_agree(name: str):
    lab = make(name)
    assert list(inspect.signature(lab.compute).parameters) == list(lab.controls)
    assert "seed" in lab.controls
    assert {"new seed", "reset", "table"} <= set(lab._buttons)
    assert repr(lab).startswith(f"{name}(")
    assert repr(eval(repr(lab), vars(explorers))) == repr(lab)
    assert lab.sentence[-1] == "."
    assert lab.picture.widget.tooltip == lab.sentence
    assert lab.sentence.split()[0] in lab._caption.value
    assert str(lab.table()).count("\n") >= 1


@pytest.mark.parametrize("name", LABS)
def test_every_control_moves_over_its_range(name: str):
    lab = make(name)
    for key, control in lab.controls.items():
        seen = set()
        for value in extremes(control):
            lab.set(**{key: value})
            assert lab._message.value == ""
            assert wholly_finite(lab.result)
            assert len(str(lab.table())) > 0
            seen.add(lab.picture.widget.value.tobytes())
        assert len(seen) > 1, f"{key} changes nothing in the picture"
        lab.reset()


@pytest.mark.parametrize("name", LABS)
def test_compute_is_pure_and_the_picture_has_no_memory(name: str):
    lab, fresh = make(name), make(name)
    first = lab.picture.widget.value.tobytes()
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    for key, control in lab.controls.items():
        lab.set(**{key: extremes(control)[-1]})
    lab.reset()
    assert lab.picture.widget.value.tobytes() == first == fresh.picture.widget.value.tobytes()
    assert str(lab.table()) == str(fresh.table())
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize("name", LABS)
def test_a_new_seed_draws_anew_and_reset_goes_back(name: str):
    lab = make(name)
    first, sentence = lab.picture.widget.value.tobytes(), lab.sentence
    lab._buttons["new seed"].click()
    assert lab.controls["seed"].value == lab._defaults["seed"] + 1
    assert lab.picture.widget.value.tobytes() != first
    lab._buttons["reset"].click()
    assert (lab.picture.widget.value.tobytes(), lab.sentence) == (first, sentence)


@pytest.mark.parametrize("name", LABS)
def test_every_button_works_and_the_table_follows(name: str):
    lab = make(name)
    lab._buttons["table"].click()
    assert lab._numbers.value == lab.table()._repr_html_()
    for text, button in lab._buttons.items():
        if text not in {"run", "table"}:
            button.click()
            assert lab._message.value == "", text
            assert lab._numbers.value == lab.table()._repr_html_()
    lab._buttons["table"].click()
    assert lab._numbers.value == ""


@pytest.mark.parametrize("name", LABS)
def test_the_still_figure_is_the_picture_and_leaves_no_trace(
    name: str, capsys: pytest.CaptureFixture[str]
):
    lab, open_before = make(name), plt.get_fignums()
    first = lab.picture.widget.value.tobytes()
    plots.show(lab.figure, alt=lab.sentence)
    assert capsys.readouterr().out == lab.sentence + "\n"
    lab.set()
    assert lab.picture.widget.value.tobytes() == first
    assert plt.get_fignums() == open_before
    height, width, _ = pixels(lab).shape
    assert (width, height) == tuple(round(120 * inches) for inches in lab.picture.size)


@pytest.mark.parametrize("name", LABS)
def test_docstrings_name_every_control(name: str):
    text = inspect.getdoc(getattr(explorers, name)) or ""
    for section in ("Parameters", "Returns", "Raises"):
        assert f"\n{section}\n---" in text
    for key in make(name).controls:
        assert f"``{key}``" in text, key


# The machinery, with a lab of one line


class Dot(Picture):
    size = (2.0, 1.0)

    def build(self, figure: Any) -> None:
        ax = figure.add_subplot()
        ax.set(xlim=(0, 10), ylim=(0, 10))
        (self.dot,) = ax.plot([], [], "o")
        self.moves(self.dot)

    def update(self, result: float) -> str:
        self.dot.set_data([result], [result])
        return f"The dot is at {result:g}."


def half(x: float, seed: int) -> float:
    if x > 8:
        raise ValueError("x is too large: take at most 8")
    if x == 7:
        np.log(np.zeros(1))
    return x / 2 + seed


def small_lab(**options: Any) -> Lab:
    parts = {"x": controls.slider("x", 2.0, 0.0, 10.0, 0.5), "seed": controls.seed()}
    return Lab("small", half, Dot(), lambda r: Table({"at": ".1f"}, [[r]]), parts, **options)


def test_a_lab_by_hand():
    lab = small_lab(start={"x": 4.0})
    assert (lab.result, lab.sentence) == (2.0, "The dot is at 2.")
    assert repr(lab) == "small(x=4.0, seed=0)"
    assert str(lab.table()) == " at\n2.0"
    lab.controls["x"].value = 6.0
    assert lab.sentence == "The dot is at 3."
    lab.set(x=1.0, seed=3)
    assert lab.result == 3.5
    lab.reset()
    assert lab.values == {"x": 4.0, "seed": 0}


def test_what_moves_is_drawn_where_it_is():
    lab, full = small_lab(), Dot()
    for x in (2.0, 3.0, 8.0):
        lab.set(x=x)
        full.update(lab.result)
        full.dot.set_animated(False)
        with matplotlib.style.context(plots.STYLE):
            full.canvas.draw()
        whole = np.asarray(full.canvas.buffer_rgba())[..., :3]
        np.testing.assert_allclose(pixels(lab).astype(int), whole, atol=16)


def test_several_controls_are_set_with_one_computation():
    lab, calls = small_lab(), []
    lab.compute = lambda x, seed: calls.append((x, seed)) or 1.0
    lab.set(x=3.0, seed=2)
    assert calls == [(3.0, 2)]


@pytest.mark.parametrize(("x", "says"), [(9.0, "take at most 8"), (7.0, "divide by zero")])
def test_an_error_in_a_callback_is_told_in_the_lab(x: float, says: str):
    lab = small_lab()
    lab.controls["x"].value = x
    assert says in lab._message.value
    assert 'role="alert"' in lab._message.value
    assert lab.sentence == "The dot is at 1."
    lab.controls["x"].value = 4.0
    assert lab._message.value == ""


@pytest.mark.parametrize(("x", "error"), [(9.0, ValueError), (7.0, RuntimeWarning)])
def test_an_error_from_python_is_raised_and_changes_nothing(x: float, error: type[Exception]):
    lab = small_lab()
    with pytest.raises(error):
        lab.set(x=x, seed=5)
    assert lab.values == {"x": 2.0, "seed": 0}
    assert lab.result == 1.0
    lab.controls["x"].value = 3.0
    assert lab.result == 1.5


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ({"y": 1.0}, ValueError, "unknown control 'y'"),
        ({"x": 11.0}, ValueError, r"x must lie in \[0, 10\], got 11"),
        ({"x": "2"}, TypeError, "x must be a number"),
        ({"seed": 1.5}, TypeError, "seed must be a whole number"),
    ],
)
def test_a_value_that_a_control_cannot_take(
    values: dict[str, Any], error: type[Exception], says: str
):
    lab = small_lab()
    with pytest.raises(error, match=says):
        lab.set(**values)
    with pytest.raises(error, match=says):
        small_lab(start=values)
    assert lab.values == {"x": 2.0, "seed": 0}


def test_choices_say_what_they_take():
    lab = explorers.signal_lab(depth=2, width=10)
    with pytest.raises(ValueError, match="unknown activation 'Relu': did you mean 'relu'"):
        lab.set(activation="Relu")
    with pytest.raises(ValueError, match="width must be one of 10, 20, 50, 100, 200, 512, got 30"):
        lab.set(width=30)
    with pytest.raises(TypeError, match="depth must be a whole number"):
        lab.set(depth=2.5)
    with pytest.raises(TypeError, match="gain must be a number"):
        lab.set(gain=np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"seed must lie in \[0, 999999\], got"):
        lab.set(seed=10**9)
    canvas = explorers.draw_digit()
    with pytest.raises(TypeError, match="fit must be True or False, got 2"):
        canvas.set(fit=2)


def test_a_long_computation_that_fails_leaves_the_sentence_of_the_picture():
    lab = small_lab()
    before, lab._took = lab._caption.value, 1.0
    lab.controls["x"].value = 9.0
    assert "take at most 8" in lab._message.value
    assert lab._caption.value == before


def test_after_a_long_computation_the_next_one_is_announced():
    lab, said = small_lab(), []
    lab._caption.observe(lambda change: said.append(change["new"]), "value")
    lab.set(x=3.0)
    lab._took = 1.0
    lab.set(x=4.0)
    lab.set(x=5.0)
    words = [re.sub("<.*?>", "", text) for text in said]
    assert words == [
        "The dot is at 1.5.", "computing ...", "The dot is at 2.", "The dot is at 2.5."
    ]  # fmt: skip


# Steps


def stepping() -> Lab:
    return small_lab(advance=lambda r: r + 1 if r < 5 else None)


def test_steps_go_on_to_the_end_and_a_control_begins_again():
    lab = stepping()
    assert lab.step()
    assert lab.result == 2.0
    assert lab.step(2)
    assert lab.result == 4.0
    assert lab.step(10)
    assert lab.result == 5.0
    assert not lab.step()
    lab.controls["x"].value = 3.0
    assert lab.result == 1.5
    with pytest.raises(TypeError, match="small has no steps"):
        small_lab().step()


def test_a_run_listens_in_between_and_stops():
    lab = stepping()

    async def press() -> list[Any]:
        seen = []
        lab._buttons["run"].click()
        assert lab._buttons["run"].description == "stop"
        await asyncio.sleep(0.05)
        seen.append(lab.result)
        lab._buttons["run"].click()
        await asyncio.sleep(0.05)
        seen.append(lab.result)
        lab._buttons["run"].click()
        await asyncio.sleep(0.01)
        lab.controls["x"].value = 0.0
        await asyncio.sleep(0.03)
        seen.append(lab.result)
        lab._buttons["run"].click()
        await asyncio.sleep(0.5)
        return [*seen, lab.result]

    first, second, third, last = asyncio.run(press())
    assert 1.0 < first == second
    assert third == 0.0
    assert last == 5.0
    assert lab._buttons["run"].description == "run"


def test_an_error_in_a_run_is_told_and_ends_it():
    lab = small_lab(advance=lambda r: 1 / 0)

    async def press() -> None:
        lab._buttons["run"].click()
        await asyncio.sleep(0.05)

    asyncio.run(press())
    assert "division by zero" in lab._message.value
    assert lab._buttons["run"].description == "run"


# Pixels


def test_a_png_holds_its_pixels_as_another_reader_finds_them():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 4), dtype=np.uint8)
    image = Image.open(io.BytesIO(png(memoryview(pixels))))
    image.verify()
    assert (image.format, image.size, image.mode) == ("PNG", (5, 7), "RGBA")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(pixels)))), pixels)


# Tables


def test_a_table_lines_up_and_has_no_minus_zero():
    table = Table({"name": "", "value": ".2f"}, [["a", -0.001], ["bcd", 12.5]])
    assert str(table) == "name  value\n   a   0.00\n bcd  12.50"
    assert "<td" in table._repr_html_()
    assert str(Table({"a": ""}, [["-"]])) == "a\n-"
    assert "&lt;" in Table({"<": ""}, [["&"]])._repr_html_()
    with pytest.raises(ValueError, match="zip"):
        Table({"a": ""}, [["1", "2"]])
