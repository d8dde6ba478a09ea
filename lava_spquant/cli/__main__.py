"""`python -m lava_spquant.cli`, the command where its script is not on the path."""

import sys

from lava_spquant.cli.app import main

sys.exit(main())
