"""`python -m bootheal`."""

import sys

from bootheal.cli import main

sys.exit(main())
