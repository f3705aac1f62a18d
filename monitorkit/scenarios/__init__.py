"""History: traffic for a model server, and the demo; what later scenarios are made of."""

from monitorkit.scenarios.demo import Digits, compare, digits, run_demo
from monitorkit.scenarios.load import traffic
from monitorkit.scenarios.month import write_month

__all__ = ["Digits", "compare", "digits", "run_demo", "traffic", "write_month"]
