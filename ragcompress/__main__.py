"""``python -m ragcompress`` is the command ``ragcompress``."""

from ragcompress.cli import main

if __name__ == "__main__":
    main()
