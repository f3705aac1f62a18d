import inspect
import pickle
import sys
import threading

import numpy as np
import pandas as pd
import pytest
import requests
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, recall_score

from monitorkit import InvalidType, InvalidValue, ServiceError, running, status, watch
from monitorkit.processes import run, wait_until
from monitorkit.serving.watching.watched import KIND


def scraped(function):
    with requests.Session() as http:
        http.trust_env = False
        return http.get(function.metrics_url, timeout=10).text


def test_a_function_keeps_its_name_signature_and_text(watched):
    def predict(X, y=None, *, scale: float = 1.0) -> int:
        """Tell the class."""
        return int(X * scale)

    wrapped = watched(predict)
    assert inspect.signature(wrapped) == inspect.signature(predict)
    assert (wrapped.__name__, wrapped.__doc__, wrapped.__wrapped__) == ("predict", "Tell the class.", predict)
    assert wrapped(2, scale=3.0) == 6


def test_without_brackets_it_has_the_functions_own_name():
    @watch
    def bare_function(X):
        return 1

    try:
        assert bare_function.watched.name == "bare_function"
        assert bare_function([0]) == 1
        assert (KIND, "bare_function", bare_function.url, "running") in status().itertuples(index=False, name=None)
    finally:
        bare_function.stop()


def test_a_call_is_counted_and_timed(watched, counts_of):
    predict = watched(lambda X: "cat")
    counts = counts_of(predict)
    assert counts.by_status == {}
    for _ in range(3):
        predict([1])
    assert counts.by_status == {"ok": 3}
    assert counts.predictions == {"cat": 3}
    assert counts("inference_request_duration_seconds_count") == 3
    assert 0 < counts("inference_latency_seconds") <= counts("inference_request_duration_seconds_sum")
    assert counts("inference_batch_size_sum") == 3
    assert counts("inference_in_flight_requests") == 0


def test_an_exception_is_counted_and_stays_as_it_is(watched, counts_of):
    error = LookupError("no such flower")

    @watched()
    def predict(X):
        raise error

    with pytest.raises(LookupError, match="no such flower") as caught:
        predict([1])
    assert caught.value is error
    counts = counts_of(predict)
    assert counts.by_status == {"server_error": 1}
    assert counts("inference_request_duration_seconds_count") == counts("inference_in_flight_requests") == 0


def test_an_interrupt_is_no_failure_of_the_model(watched, counts_of):
    @watched()
    def predict(X):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict([1])
    assert counts_of(predict).by_status == {}
    assert counts_of(predict)("inference_in_flight_requests") == 0


def test_wrong_arguments_are_the_functions_own_error(watched, counts_of):
    predict = watched(lambda X: 1)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'X'"):
        predict()
    assert counts_of(predict).by_status == {"server_error": 1}


def test_scores_equal_scikit_learns(watched, counts_of):
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(X[::3], y[::3])

    @watched()
    def predict(X, y=None):
        return model.predict(X)

    for start in range(0, 150, 10):
        predict(X[start : start + 10], y[start : start + 10])
    counts, y_pred = counts_of(predict), model.predict(X)
    assert counts("model_accuracy") == accuracy_score(y, y_pred)
    assert counts("model_recall") == recall_score(y, y_pred, average="macro")
    assert counts("model_f1") == f1_score(y, y_pred, average="macro")
    assert counts("model_outcomes_total", class_name="1", outcome="tp") == sum((y == 1) & (y_pred == 1))
    assert counts("inference_batch_size_sum") == 150
    assert counts("inference_requests_total", status="ok") == 15


def test_a_regressor_is_scored(watched, counts_of):
    predict = watched(lambda X, y_true: X + 0.5)
    predict(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    predict(np.float64(3.0), y_true=2.5)
    assert counts_of(predict)("model_mae") == mean_absolute_error([1.0, 4.0, 2.5], [1.5, 2.5, 3.5])


@pytest.mark.parametrize("kind", [float, np.float64, np.float32])
def test_numbers_one_by_one_are_scored_like_those_of_a_list(watched, counts_of, kind):
    predict = watched(lambda X, y=None: X)
    pairs = [(1.5, 1), (2.5, 2.0), (0.5, kind(0.25)), (3.0, None), (1.0, 1.5)]
    for X, y in pairs:
        assert predict(kind(X), y) == X
    counts = counts_of(predict)
    y_pred, y_true = zip(*[pair for pair in pairs if pair[1] is not None], strict=True)
    assert counts("model_mae") == mean_absolute_error(y_true, y_pred)
    assert counts("model_absolute_error_count") == 4
    assert counts("inference_batch_size_sum") == 5


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8])
def test_classes_one_by_one_are_scored_like_those_of_a_list(watched, counts_of, kind):
    predict = watched(lambda X, y=None: kind(X), classes=[0, 1, 2])
    for X, y in [(1, 1), (1, np.int64(2)), (0, 0), (2, None)]:
        assert predict(X, y) == X
    counts = counts_of(predict)
    assert counts("model_accuracy") == pytest.approx(2 / 3)
    assert counts("model_predictions_total", class_name="1") == 2
    with pytest.warns(UserWarning, match="y.0. is 7, which is no class of the model"):
        predict(1, 7)
    assert counts("model_predictions_total", class_name="1") == 3


@pytest.mark.parametrize("label", ["a", True, 1e200, float("nan")])
def test_a_label_that_is_no_number_is_told_also_after_many_that_were(watched, counts_of, label):
    predict = watched(lambda X, y=None: X)
    predict(1.0, 2.0)
    with pytest.warns(UserWarning, match=r"y\[0\] is"):
        predict(1.0, label)
    assert counts_of(predict)("model_absolute_error_count") == 1


def test_several_outputs_are_scored_where_they_are_told_to_be_numbers(watched, counts_of):
    y_true, y_pred = np.array([[1.0, 20.0], [2.0, 10.0]]), np.array([[1.5, 19.0], [2.0, 13.0]])
    predict = watched(lambda X, y: y_pred, task="regression")
    predict([[0], [0]], y_true)
    assert counts_of(predict)("model_mae") == mean_absolute_error(y_true, y_pred)
    assert counts_of(predict)("model_absolute_error_sum", output="1") == 4


@pytest.mark.parametrize(
    ("result", "y", "hits"),
    [
        (1, 1, 1),
        (1, [1], 1),
        (1, np.int64(1), 1),
        (np.int64(1), 1, 1),
        (np.array(1), 1, 1),
        ("cat", "cat", 1),
        (True, True, 1),
        ([1, 0], [1, 1], 1),
        ([1, 0], (1, 0), 2),
        (np.array([1, 0]), np.array([1, 0]), 2),
        (pd.Series([1, 0], index=[7, 9]), pd.Series([1, 0], index=[9, 7]), 2),
        (["cat", "dog"], ["cat", None], 1),
        ([], [], None),
    ],
)
def test_a_label_is_joined_to_its_prediction(watched, counts_of, result, y, hits):
    predict = watched(lambda X, y=None: result)
    assert predict([0], y=y) is result
    n_labels = [y] if np.ndim(y) == 0 else [label for label in y if label is not None]
    accuracy = counts_of(predict)("model_accuracy")
    assert accuracy == (None if hits is None else hits / len(n_labels))


@pytest.mark.parametrize("result", [None, {"class": 1}, ("cat", 0.9), object(), b"x", np.zeros((2, 3)), lambda: 1])
def test_a_result_that_is_no_prediction_is_only_timed(watched, counts_of, result):
    predict = watched(lambda X: result)
    assert predict([0]) is result
    assert counts_of(predict).by_status == {"ok": 1}
    assert counts_of(predict).predictions == {}


@pytest.mark.parametrize(
    ("result", "y", "message"),
    [
        ([1, 0], [1], "y has 1 labels for 2 predictions: none of them is counted"),
        ([1, 0], ["cat", "dog"], r"y\[0\] is 'cat' and the prediction was 1: send a number"),
        ([1, 0], 5, "y has 1 labels for 2 predictions: none of them is counted"),
        ([[1], [1, 2]], None, "the model returned a list, no array"),
    ],
)
def test_what_cannot_be_counted_is_told_once_and_disturbs_no_call(watched, counts_of, result, y, message):
    predict = watched(lambda X, y=None: result)
    with pytest.warns(UserWarning, match=f"watch watched .*: {message}") as told:
        assert [predict([0, 0], y=y) for _ in range(2)] == [result, result]
    assert len(told) == 1
    assert told[0].filename == __file__
    assert counts_of(predict).by_status == {"ok": 2}
    assert counts_of(predict)("model_accuracy") is None


def test_a_result_that_breaks_when_it_is_read_is_the_callers_all_the_same(watched):
    class Hostile:
        ndim = 1

        def __len__(self):
            raise RuntimeError("do not look")

    hostile = Hostile()
    predict = watched(lambda X: hostile)
    with pytest.warns(UserWarning, match="RuntimeError: do not look"):
        assert predict([0]) is hostile


def test_classes_that_are_declared_are_there_from_0_on(watched, counts_of):
    predict = watched(lambda X, y=None: "cat", classes=["cat", "dog"], positive_class="cat")
    assert counts_of(predict)("model_outcomes_total", class_name="dog", outcome="fn") == 0
    predict([1], y="dog")
    predict([1], y="cat")
    assert counts_of(predict)("model_precision") == 0.5
    with pytest.warns(UserWarning, match="'bird', which is no class of the model"):
        predict([1], y="bird")


def test_the_cell_run_again_keeps_port_and_counters(watched, counts_of):
    urls = set()
    for number in range(3):

        @watched(name="again")
        def predict(X, number=number):
            return number

        predict([1])
        urls.add(predict.metrics_url)
    assert len(urls) == 1
    assert counts_of(predict).by_status == {"ok": 3}
    assert counts_of(predict).predictions == {"0": 1, "1": 1, "2": 1}


def test_another_version_has_series_of_its_own(watched, counts_of):
    first = watched(lambda X: 1, name="two versions")
    first([1])
    second = watched(lambda X: 1, name="two versions", version="2")
    second([1])
    second([1])
    assert counts_of(first).by_status == {"ok": 1}
    assert counts_of(second, "2").by_status == {"ok": 2}


def test_what_is_stopped_still_works_and_starts_anew(watched, counts_of):
    predict = watched(lambda X: 1, name="stopped")
    url = predict.metrics_url
    predict.stop()
    predict.stop()
    assert not predict.watched.alive
    assert predict([1]) == 1
    assert counts_of(predict).by_status == {"ok": 1}
    with pytest.raises(requests.ConnectionError, match="refused"):
        scraped(predict)
    assert watched(lambda X: 1, name="stopped").metrics_url == url


def test_drift_from_reference_data_is_watched(watched, counts_of):
    rng = np.random.default_rng(0)
    reference = pd.DataFrame({"width": rng.normal(size=500), "colour": rng.choice(["red", "blue"], 500)})
    predict = watched(lambda X, y=None: [1] * len(X), reference=reference)
    counts = counts_of(predict)
    current = reference.head(300).copy()
    predict(current)
    assert counts("model_feature_drift", feature="width", statistic="psi") < 0.1
    current["width"] += 5
    predict(current)
    # What the caller does with its rows afterwards is its own business.
    current["width"] -= 5
    # Where they take long to compute, statistics are those of a moment ago.
    assert wait_until(lambda: counts("model_feature_drift", feature="width", statistic="psi") > 1, timeout_seconds=30)
    assert counts("model_feature_drift", feature="colour", statistic="psi") < 0.1
    assert counts.by_status == {"ok": 2}


@pytest.mark.parametrize("X", [[1.0, 2.0], np.array([1.0, 2.0]), [[1.0, 2.0]]])
def test_one_row_is_compared_as_one_row(watched, counts_of, X):
    predict = watched(lambda X: 1, reference=np.arange(20.0).reshape(10, 2))
    predict(X)
    predict(None)
    rows = sum(
        sample.value
        for family in predict.registry.collect()
        if family.name == "model_feature_bin"
        for sample in family.samples
        if sample.labels["feature"] == "x0" and sample.name.endswith("_total")
    )
    assert rows == 1
    assert counts_of(predict).by_status == {"ok": 2}


def test_a_scrape_shows_all_there_is(watched):
    predict = watched(lambda X: "köttur", name="kötturinn ✓")
    predict([1])
    text = scraped(predict)
    assert 'inference_requests_total{model_name="kötturinn ✓",model_version="1",status="ok"} 1.0' in text
    assert 'class_name="köttur"' in text
    assert "process_cpu_seconds_total" in text


def test_methods_are_watched(watched, counts_of):
    class Flowers:
        def __init__(self, kind):
            self.kind = kind

        @watched(name="method")
        def predict(self, X, y=None):
            return self.kind

        @classmethod
        @watched(name="class method")
        def of_class(cls, X):
            return cls.__name__

        @staticmethod
        @watched(name="static method")
        def static(X):
            return "static"

    assert Flowers("rose").predict([1], "rose") == "rose"
    assert Flowers("lily").predict([1], y="rose") == "lily"
    assert Flowers.of_class([1]) == "Flowers"
    assert Flowers("rose").static([1]) == "static"
    assert counts_of(Flowers.predict)("model_accuracy") == 0.5
    assert counts_of(Flowers.of_class).predictions == {"Flowers": 1}


def test_a_method_is_called_by_its_class():
    class Flowers:
        @watch
        def predict(self, X):
            return 1

    try:
        assert Flowers.predict.watched.name == "Flowers.predict"
    finally:
        Flowers.predict.stop()


def test_a_models_own_method_is_watched(watched, counts_of):
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(X, y)
    predict = watched(model.predict)
    assert list(predict(X[:3])) == [0, 0, 0]
    assert counts_of(predict).predictions == {"0": 3}


def test_threads_lose_no_count(watched, counts_of):
    predict = watched(lambda X, y=None: X)

    def call():
        for _ in range(500):
            predict(1, y=1)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = counts_of(predict)
    assert counts.by_status == {"ok": 4000}
    assert counts.predictions == {"1": 4000}
    assert counts("model_outcomes_total", class_name="1", outcome="tp") == 4000
    assert counts("inference_in_flight_requests") == 0


def test_classes_beyond_the_limit_are_other(watched, counts_of):
    predict = watched(lambda X: f"class {X}")
    for number in range(300):
        predict(number)
    predictions = counts_of(predict).predictions
    assert len(predictions) == 101
    assert predictions["other"] == 200


@watch(name="of a module")
def of_a_module(X):
    return 1


of_a_module.stop()


def test_a_function_of_a_module_goes_through_pickle(monkeypatch):
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or inspect.getmodule(of_a_module))
    assert pickle.loads(pickle.dumps(of_a_module)) is of_a_module


def test_a_forked_child_leaves_port_and_server_alone():
    code = """
import os, urllib.request
from monitorkit import watch

@watch(name="forked")
def predict(X):
    return 1

if os.fork() == 0:
    predict([1])
    predict.stop()
    os._exit(3 if predict.watched.alive else 0)
status = os.waitstatus_to_exitcode(os.wait()[1])
with urllib.request.urlopen(predict.metrics_url) as answer:
    print(status, predict.watched.alive, b"inference_requests_total" in answer.read())
"""
    done = run([sys.executable, "-W", "ignore", "-c", code], timeout_seconds=60)
    assert (done.returncode, done.output.strip()) == (0, "0 True True")


def test_it_is_shown_and_escaped(watched):
    predict = watched(lambda X: 1, name="<b>bold</b>")
    html = predict.watched._repr_html_()
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert "<b>bold" not in html
    assert predict.metrics_url in html
    assert "running" in repr(predict.watched)
    with predict.watched as same:
        assert same is predict.watched
    assert "stopped" in repr(predict.watched)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: watch(7), InvalidType, "watch: int is no function; write @mk.watch above"),
        (lambda: watch("digits"), InvalidType, r"watch: 'digits' is no function; write @mk.watch\(name='digits'\)"),
        (lambda: watch(int), InvalidType, "watch: int is no function"),
        (lambda: watch(staticmethod(len)), InvalidType, "watch: write @mk.watch below @staticmethod, not above it"),
        (lambda: watch(classmethod(len)), InvalidType, "watch: write @mk.watch below @classmethod, not above it"),
        (lambda: watch(name="")(len), InvalidValue, "name: '' must be"),
        (lambda: watch(version=2)(len), InvalidType, "version: 2 is no text"),
        (lambda: watch(classes="cat")(len), InvalidType, "classes"),
        (lambda: watch(window=0)(len), InvalidValue, "window: 0 must be at least one"),
        (lambda: watch(task="sorting")(len), InvalidValue, "task: 'sorting' is none of"),
        (lambda: watch(reference=7)(len), InvalidValue, "reference: the table has 0 dimensions"),
        (lambda: watch(drift=7)(len), InvalidType, "drift: 7 is neither True, False nor"),
        (lambda: watch(port="8000")(len), InvalidType, "port: '8000' is no whole number"),
        (lambda: watch(port=99999)(len), ServiceError, "port 99999"),
    ],
)
def test_wrong_arguments_are_told_and_start_nothing(call, error, message):
    before = len(status())
    with pytest.raises(error, match=message):
        call()
    assert len(status()) == before


def test_a_watched_function_is_not_moved(watched):
    predict = watched(lambda X: 1, name="in its place")
    with pytest.raises(InvalidValue, match=f"port: 'in its place' is watched on port {predict.watched.port} already"):
        watched(lambda X: 1, name="in its place", port=1)
    assert running.find(KIND, "in its place") is predict.watched
