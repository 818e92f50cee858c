"""`python -m rag` is `zhiyin`."""

from .cli.main import main

if __name__ == "__main__":
    main()
