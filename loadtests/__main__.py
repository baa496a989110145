"""`python -m loadtests`: the hall with its usual thousand phones, and every small figure."""

import sys

from loadtests.hall import main

if __name__ == "__main__":
    sys.exit(main())
