"""BentoML: one service, one worker, its own command line."""

from __future__ import annotations

import bentoml
import models
import numpy as np


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Benchmark:
    """The model behind BentoML's HTTP API."""

    @bentoml.api
    def predict(self, instances: list[list[float]]) -> list[int]:
        return models.trivial(np.array(instances)).tolist()
