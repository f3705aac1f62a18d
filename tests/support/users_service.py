"""A service as a user of this project had it before: a Flask application, and its metrics on a port of their own."""

import os
import random
import time

import psutil
from flask import Flask, jsonify
from prometheus_client import Counter, Gauge, start_http_server

app = Flask(__name__)

REQUESTS = Counter("inference_requests_total", "Total number of inference requests")
LATENCY = Gauge("inference_latency_seconds", "Latency of the last inference")
ACCURACY = Gauge("model_accuracy", "Accuracy of the model")
RECALL = Gauge("model_recall", "Recall of the model")
CPU = Gauge("cpu_usage", "CPU usage in percent")
MEMORY = Gauge("memory_usage", "Memory usage in percent")


@app.route("/predict", methods=["GET"])
def predict():
    begun = time.time()
    prediction = random.choice(["cat", "dog"])
    REQUESTS.inc()
    LATENCY.set(time.time() - begun)
    ACCURACY.set(0.9)
    RECALL.set(0.8)
    CPU.set(psutil.cpu_percent())
    MEMORY.set(psutil.virtual_memory().percent)
    return jsonify({"prediction": prediction})


if os.environ.get("ONE_LINE_MORE"):
    import monitorkit as mk

    mk.instrument(app, name="animals")

if __name__ == "__main__":
    start_http_server(int(os.environ.get("METRICS_PORT", "8000")))
    app.run(port=int(os.environ.get("PORT", "5000")))
