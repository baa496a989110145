"""`python -m townhall`: the same commands as the `townhall` script, and nothing else."""

from townhall.cli import main

if __name__ == "__main__":
    main()
