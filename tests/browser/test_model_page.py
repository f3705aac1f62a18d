"""The page of a model server, as a person meets it: filled in, answered, told the true label."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from monitorkit.serving import serve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

FRAME = pd.DataFrame({"color": ["red", "blue"] * 10, "size": np.arange(20.0)})
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
MIXED = make_pipeline(
    make_column_transformer((OneHotEncoder(), ["color"]), (SimpleImputer(), ["size"])), LogisticRegression()
).fit(FRAME, ["cheap", "dear"] * 10)
_numbers = itertools.count()


@pytest.fixture
def open_page(page):
    """Serve a model and open its page; the browser tells of every error there."""
    servers, errors = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)

    def open_page(model, **options):
        servers.append(serve(model, **{"name": f"page {next(_numbers)}", **options}))
        page.goto(servers[-1].url)
        return servers[-1], errors

    yield open_page
    for server in servers:
        server.stop()


def test_a_row_is_predicted_and_its_label_told(open_page, page):
    server, errors = open_page(MIXED, example={"color": "red", "size": 3})
    expect(page.get_by_label("color")).to_have_value("red")
    page.get_by_label("color").fill("blue")
    page.get_by_label("size").fill("")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#prediction")).to_have_text("dear")
    expect(page.locator("#probabilities .bar")).to_have_count(2)
    expect(page.locator("#id")).to_have_text(re.compile(r"\w+-0"))
    page.get_by_role("button", name="cheap").click()
    expect(page.locator("#told")).to_have_text("cheap: joined")
    expect(page.get_by_role("button", name="dear")).to_be_disabled()
    labels = {"model_name": server.name, "model_version": "1"}
    assert server.registry.get_sample_value("model_feedback_total", {**labels, "result": "joined"}) == 1
    assert errors == []


def test_what_cannot_be_sent_or_is_refused_is_told(open_page, page):
    _, errors = open_page(MIXED)
    page.get_by_label("size").fill("many")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert")).to_have_text("size: many is no number")
    page.get_by_label("size").fill("3")
    page.get_by_label("color").fill("<b>pink</b>")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert")).to_contain_text("instances[0][0] is '<b>pink</b>', which the model does not know")
    assert errors == ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]


def test_a_wide_row_is_written_as_json(open_page, page):
    X, y = load_digits(return_X_y=True)
    open_page(LogisticRegression(max_iter=50).fit(X[:200] / 16, y[:200]), example=X[0] / 16)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#prediction")).to_have_text("0")
    page.get_by_label("a row").fill("[1, 2")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert")).to_contain_text("the row is not JSON")


def test_a_regressor_is_told_a_number(open_page, page):
    _, errors = open_page(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]))
    page.get_by_label("feature 1").fill("3")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#prediction")).to_have_text(re.compile(r"^(6|5\.99)"))
    page.get_by_label("true label").fill("6.5")
    page.get_by_role("button", name="Tell").click()
    expect(page.locator("#told")).to_have_text("6.5: joined")
    assert errors == []


def test_names_from_outside_are_text_and_nothing_else(open_page, page):
    frame = pd.DataFrame({HOSTILE: [0.0, 1.0], "b": [1.0, 0.0]})
    model = LogisticRegression().fit(frame, [HOSTILE, "safe"])
    _, errors = open_page(model, name=HOSTILE, version=HOSTILE)
    expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#probabilities")).to_contain_text(HOSTILE)
    assert page.locator("img").count() == 0
    assert errors == []


def test_a_script_that_is_not_the_pages_own_does_not_run(open_page, page):
    open_page(MIXED)
    page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.ran = 1'; document.body.append(one); }"
    )
    assert page.evaluate("window.ran") is None


def test_it_is_dark_where_the_reader_wants_it_dark(open_page, page):
    page.emulate_media(color_scheme="dark")
    open_page(MIXED)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#prediction")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
