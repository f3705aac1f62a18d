"""MLServer: a custom runtime that decodes tensors with its numpy codec; in one process, without its access log."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import models
from mlserver import MLModel
from mlserver.cli import main
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Benchmark(MLModel):
    """The model behind the Open Inference Protocol."""

    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        X = NumpyCodec.decode_input(payload.inputs[0])
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("predictions", models.trivial(X))]
        )


def configure(folder: Path, port: int) -> None:
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": port + 1,
        "metrics_port": port + 2,
        "parallel_workers": 0,
        "debug": False,
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    model = {"name": "benchmark", "implementation": "mlserver_app.Benchmark"}
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")


if __name__ == "__main__":
    folder = Path.cwd()
    configure(folder, int(sys.argv[1]))
    sys.argv = ["mlserver", "start", str(folder)]
    main()
