"""Keep LightGBM text as an MLflow model with the signature of its columns, as its users would.

Run in the environment of MLflow: `peer_mlflow.py TEXT NAMES FOLDER`.
"""

from __future__ import annotations

import sys

import lightgbm
import mlflow.lightgbm
import numpy as np
import pandas as pd
from mlflow.models import infer_signature


def main() -> None:
    """Write the model's folder."""
    text, names, folder = sys.argv[1], sys.argv[2].split(","), sys.argv[3]
    model = lightgbm.Booster(model_file=text)
    rows = pd.DataFrame(np.zeros((2, len(names))), columns=names)
    signature = infer_signature(rows, model.predict(rows))
    mlflow.lightgbm.save_model(model, folder, signature=signature)


if __name__ == "__main__":
    main()
