"""FastAPI as its documentation has it: a typed body, an async handler, uvicorn with uvloop and httptools."""

from __future__ import annotations

import sys

import models
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Rows(BaseModel):
    instances: list[list[float]]


app = FastAPI()


@app.post("/predict")
async def predict(rows: Rows) -> dict[str, list[int]]:
    return {"predictions": models.trivial(np.array(rows.instances)).tolist()}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
