"""A tutorial's service: Flask on its own server, without its log."""

from __future__ import annotations

import logging
import sys

import models
import numpy as np
from flask import Flask, jsonify, request

app = Flask("benchmark")


@app.post("/predict")
def predict():
    return jsonify(predictions=models.trivial(np.array(request.get_json()["instances"], dtype=float)).tolist())


if __name__ == "__main__":
    logging.getLogger("werkzeug").disabled = True
    app.run("127.0.0.1", int(sys.argv[1]), threaded=True)
