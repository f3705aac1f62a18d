"""``python -m monitorkit``: the command line."""

import sys

from monitorkit.cli import main

sys.exit(main())
