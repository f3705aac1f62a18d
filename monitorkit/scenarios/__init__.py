"""History: traffic for a model server, and what later scenarios are made of."""

from monitorkit.scenarios.traffic import traffic

__all__ = ["traffic"]
