"""``python -m affinity``: the command line, where the script is not on the path."""

from affinity.cli import main

if __name__ == "__main__":
    main()
